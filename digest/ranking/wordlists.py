"""Words that say little: in any English text, and in any paper's."""

_STOP = """
a about above after again all also although am among an and any are as at be because been before
being below between both but by can cannot could did do does doing done down due during each eight
either else etc ever every few first five for four from further had has have having he hence her
here hers him his how however hundred i if in into is it its itself just less let like many may me
might more moreover most much must my near neither nine no nor not now of off on once one only
onto or other our ours out over own per quite rather s same second seven several shall she should
since six so some still such t ten than that the their theirs them then there thereby therefore
these they third this those though three through thus to too toward towards two under until up
upon us use used using versus very via was we well were what when where whereas whether which
while who whom whose why will with within without would yet you your
"""

_COMMON = """
ability able accuracy accurate achieve across adapt address advance algorithm allow analysis
analyze application apply approach appropriate architecture area art aspect assess automatic
available base baseline benchmark benefit better build capability capture case challenge change
code collect combine common compare comparison complete complex component computational compute
condition consider consist constraint construct context contribution control cost create current
data dataset deep define demonstrate depend derive describe design detail determine develop
difference different difficult direct discuss distribution domain effect effective efficiency
efficient element employ enable end enhance ensure environment error establish estimate evaluate
evaluation evidence exist existing experiment experimental explore extend extensive extract factor
feature field finding focus form framework function fundamental future gain gap general generate
generation give global goal good group guide handle help high human idea identify impact implement
implementation important improve improvement include increase independent indicate individual
inference information input insight integrate interaction introduce investigate issue key
knowledge known lack language large lead learn learning level leverage limit limitation local long
low main make mechanism method metric model module multiple natural need network neural new novel
number object observe obtain offer open optimal order original outperform output overall paper
parameter particular pattern perform performance point popular possible potential practical
practice predict prediction present previous principle problem procedure process produce promising
property propose provide publicly quality question random range rate real recent reduce region
relate relation relative reliable remain report represent representation require research resource
result reveal review robust role sample scale scenario scheme score search select set setting
share show significant similar simple simulation single size small solution solve source space
specific stage standard state step strategy strong structure study subject success suggest
superior support survey system task technique term test theory time tool train training type
understand understanding unified unique user validate value variety various work world
"""

# Never a term.
STOP_WORDS = tuple(_STOP.split())
# Terms that weigh little from the first day on, before a background has shown it.
COMMON_WORDS = tuple(_COMMON.split())
