"""Settings: file, environment, their precedence, and how mistakes are told."""

import re
import tomllib
from pathlib import Path

import pytest

from digest.config import Settings, load
from digest.errors import ConfigError

CONFIG = Path(__file__).parent.parent / "config"


@pytest.fixture
def settings_file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "digest.toml"
        path.write_text(text)
        return path

    return write


def test_the_environment_comes_before_the_file_key_by_key(settings_file):
    path = settings_file('[smtp]\nhost = "mail.example.org"\nport = 2525\n')
    settings = load(path, {})
    assert settings.smtp.usual_port == 2525


def test_nested_variables_override_only_their_key(settings_file, monkeypatch):
    path = settings_file('[smtp]\nhost = "mail.example.org"\ntls = "implicit"\n')
    monkeypatch.setenv("DIGEST_SMTP__HOST", "other.example.org")
    monkeypatch.setenv("DIGEST_DELIVERY__CHANNELS", "smtp, directory")
    monkeypatch.setenv("DIGEST_SECRET", "s3cret")
    settings = load(path, {"DIGEST_SMTP__HOST": "other.example.org"})
    assert settings.smtp.host == "other.example.org"
    assert settings.smtp.usual_port == 465
    assert settings.delivery.channels == ["smtp", "directory"]
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour = 1", "colour: is not a known key"),
        ("[smtp]\nhots = 'x'", "smtp.hots: is not a known key"),
        ("[smtp]\nport = 'x'", "smtp.port"),
        ("[smtp]\ntls = 'yes'", "smtp.tls"),
        ("sender = 'nobody'", "'nobody' is no sender"),
        ("operator = 'nobody'", "'nobody' is no address"),
        ("[delivery]\nchannels = ['pigeon']", "pigeon is no channel"),
        ("[delivery", "not valid TOML"),
        ("[edition]\nkeep_days = 89", "edition.keep_days: must be 0 (for ever) or at least 90"),
        ("[web]\nadmin_password_hash = 'hunter2 hunter2'", "web.admin_password_hash: this is no"),
    ],
)
def test_each_mistake_is_named_with_its_place(settings_file, text, told):
    with pytest.raises(ConfigError) as caught:
        load(settings_file(text), {})
    assert told in str(caught.value)
    assert "digest.toml" in str(caught.value)
    assert "\n" not in str(caught.value).strip()


@pytest.mark.parametrize("name", ["DIGEST_SMPT__HOST", "DIGEST_SMTP__HOTS", "DIGEST_COLOUR"])
def test_a_mistyped_variable_is_an_error(settings_file, name):
    with pytest.raises(ConfigError, match=f"{name}: no such setting"):
        load(settings_file(""), {name: "x"})


def test_a_missing_file_that_was_named_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="digest init"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="digest init"):
        load(None, {"DIGEST_CONFIG": str(tmp_path / "none.toml")})


def test_relative_paths_start_at_the_folder_of_the_file(settings_file):
    path = settings_file('data_dir = "state"\n[delivery]\ndirectory = "out"\n')
    settings = load(path, {})
    assert settings.data_dir == path.parent.resolve() / "state"
    assert settings.delivery.directory == settings.data_dir / "out"
    assert settings.database_url == f"sqlite:///{settings.data_dir}/digest.db"


def test_the_example_shows_every_key_with_its_default(settings_file):
    text = (CONFIG / "digest.example.toml").read_text()
    shown = tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    for name, field in Settings.model_fields.items():
        assert name in shown, name
        for key in getattr(field.annotation, "model_fields", {}):
            assert key in shown[name], f"{name}.{key}"
    path = settings_file(text)
    example, bare = load(path, {}), load(settings_file(""), {})
    assert example.model_dump(exclude={"data_dir", "delivery"}) == bare.model_dump(
        exclude={"data_dir", "delivery"}
    )


def test_what_was_given_in_the_place_of_a_hash_is_not_told(settings_file):
    with pytest.raises(ConfigError) as caught:
        load(settings_file("[web]\nadmin_password_hash = 'hunter2 hunter2'"), {})
    assert "hunter2" not in str(caught.value)
