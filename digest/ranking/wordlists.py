"""Words that say little: in any English text, in any paper's, and in Japanese abstracts."""

_STOP = """
a about above after again all also although am among an and any anything are as at be because
been before being below best between both but by can cannot com could despite did do does doing
done down due during e each eg eight either else especially etc even ever every everything few
first five for four from fully further furthermore had has have having he hence her here hers
him his how however http https hundred i ie if in interested interesting into is it its itself
just keen less let like mainly many may me might mine more moreover most mostly much must my
myself near neither nine no nor not nothing now of off often on once one only onto or other our
ours out over own per please quite rather rest s same second seven several shall she should
since six so some something still such t ten than that the their theirs them then there thereby
therefore these they third this those though three through thus to too toward towards two under
until up upon us use used using versus very via want was we well were what when where whereas
whether which while who whom whose why will with within without would www yet you your
"""

_COMMON = """
ability able accuracy accurate achieve across adapt additional address adopt advance aim
algorithm allow alter analysis analyze application apply approach appropriate arbitrary
architecture area art aspect assess automatic automatically available average aware base
baseline become begin benchmark benefit better beyond bridge build capability capture case
challenge change code collect combine common compare comparison complete complex component
comprehensive comprise computational compute condition conduct consider consist constraint
construct contain content context contribution control core correspond cost cover create
critical crucial curate current data dataset decide deep define degrade deliver demand
demonstrate depend deploy derive describe description design detail determine develop difference
different difficult difficulty direct discuss distinct distribution diverse domain effect
effective efficiency efficient element emerge empirical employ enable end enhance ensure
environment error essential establish estimate evaluate evaluation evidence exact execute
exhibit exist existing experiment experimental explicit explore extend extensive external
extract facilitate factor fail feature field final finding flexible focus follow form formulate
framework function fundamental future gain gap general generate generation give global goal good
group guide handle help high higher highlight human idea identify impact implement
implementation important improve improvement include incorporate increase independent indicate
individual inference information inherent initial input insight inspire instance integrate
interaction internal introduce investigate involve issue iterative key knowledge known lack
language large lead learn learning level leverage lightweight limit limitation local long low
main maintain make mechanism method metric minimal mitigate model module motivate multi multiple
natural need network neural new notable novel number object observe obtain offer open optimal
order original outperform output overall overlook paper parameter particular pattern perform
performance point popular possible potential practical practice precise predict prediction
present preserve previous primarily principle problem procedure process produce progress
promising promote proper property propose prove provide publicly purpose quality question random
range rapid rate real realistic recent reduce refer refine reflect region relate relation
relative relevant reliable reliance rely remain remarkable report represent representation
require research resource result reveal review rich right robust role sample scale scenario
scheme score search select sensitive separate serve set setting share show significant similar
simple simulation single size small solution solve source space span special specific stage
standard state step strategy strength strong structure struggle study subject substantial
success suffer suggest superior support surpass survey system systematic task technique term
test theory time tool tradition traditional train training type typical understand understanding
unified unique user utilize validate value variety various vary wide work world write yield zero
"""

_COMMON_PHRASES = """
artificial intelligence, base method, consistently improve, consistently outperform, deep
learning, existing approaches, existing methods, experimental results, experiments demonstrate,
experiments show, extensive experiments, fine-tuning, high quality, large language model, large
scale, machine learning, natural language, neural network, open source, paper presents, paper
proposes, pre-training, prior methods, prior work, publicly available, real time, real world,
recent advances, remains challenging, results demonstrate, results show, results suggest,
significantly higher, significantly improve, significantly lower, significantly outperform,
state-of-the-art methods, state-of-the-art performance, superior performance, wide range
"""

_COMMON_JAPANESE = """
アプローチ 学習 機械学習 深層学習 ディープラーニング ニューラルネットワーク 課題
開発 解決 概念 改善 可能 関係 技術 既存 結果 研究 言語モデル 検証 構築 向上
効果 効率 最先端 最近 システム 実験 実現 実証 実装 示唆 手法 従来 重要 従来手法
使用 情報 新規 性能 生成 設計 タスク 大規模 大規模言語モデル 高精度 有効 提案
提供 データセット データ 適用 問題 展開 導入 特定 能力 必要 評価 フレームワーク
複雑 複数 分析 ベンチマーク 方法 本研究 本論文 モデル 利用 領域 論文 興味 私
関心
"""

# Words of how papers are written, not of what they are on; with the forms of links and sections.
_VAGUE = """
ability ablation able achieve across adopt advance against aim al allow along alter approach
appropriate argue article arxiv available average become begin better beyond bring challenge
commonly comparable compare comprise consider contribution conventional create crucial deliver
demonstrate deploy description develop difficult difficulty discuss effort empirical enable
encourage ensure entire entirely essential establish et etal example exceed exhibit exist existing
experimental extend extensive facilitate fig figure final finding focus framework frequently
further furthermore future github gitlab given great greatly highlight hinder html idea identify ii
iii implement important improve improvement include including incorporate increase increasingly
inherent insight inspire instead insufficient introduce investigate involve io issue lack leverage
main mainly maintain majority method modern motivate need notable notably obtain offer outperform
overall overcome overlook paper particular perform performance poorly possible practice present
previous primarily produce promising prone propose provide purpose raise readily recent recently
reduce reliance rely remain remarkable report research respectively result reveal rigorous
rigorously scenario serve show shown significant significantly solve sota strict strictly stronger
strongest struggle study subsequently substantial substantially success suffer sufficient suggest
superior surpass systematic tackle tailored technique tend textbf textit together traditional
typical typically unclear underexplored understudied unexplored unlike unprecedented url usually
various vary way wide widely work worse
"""

# Never a term.
STOP_WORDS = tuple(_STOP.split())
# No evidence by themselves; and they weigh little before a background has shown it.
COMMON_WORDS = (
    *_COMMON.split(),
    *(phrase.strip() for phrase in _COMMON_PHRASES.split(",")),
    *_COMMON_JAPANESE.split(),
)
# They tell a reader nothing, not even beside another word; the ranker weighs them as any other.
VAGUE_WORDS = tuple(_VAGUE.split())
