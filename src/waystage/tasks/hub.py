"""The dataset repositories that tasks are fetched from, each at one commit.

All of them hold tables (Parquet, or JSON lines): no code of a repository is run. How each commit was found is said in
docs/published-data.md.
"""

from __future__ import annotations

from waystage.data.sources.hub_tables import HubRepo

ANLI = HubRepo("facebook/anli", "8e4813d81f46d313dac7892e1c28076917cfcdf9")
COMMONSENSEQA = HubRepo("tau/commonsense_qa", "94630fe30dad47192a8546eb75f094926d47e155")
# Two repositories whose tables the hub itself made: their main branches hold a loading script only.
COSMOSQA = HubRepo("allenai/cosmos_qa", "ed50fe83db62b355759053b1cd5eef344ee371e0")
SOCIALIQA = HubRepo("allenai/social_i_qa", "537a2ec8ec565adc0b70b70752893e59e024df26")
GLUE = HubRepo("nyu-mll/glue", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
HELLASWAG = HubRepo("Rowan/hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76")
PAWSX = HubRepo("google-research-datasets/paws-x", "4cd8187c404bda33cb1f62b49b001115862acf37")
SNLI = HubRepo("stanfordnlp/snli", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b")
SQUAD = HubRepo("rajpurkar/squad", "7b6d24c440a36b6815f21b70d25016731768db1f")
SQUAD_V2 = HubRepo("rajpurkar/squad_v2", "3ffb306f725f7d2ce8394bc1873b24868140c412")
SUPERGLUE = HubRepo("aps/super_glue", "3de24cf8022e94f4ee4b9d55a6f539891524d646")
TATOEBA = HubRepo("mteb/tatoeba-bitext-mining", "69e8f12da6e31d59addadda9a9c8a2e601a0e282")
WIKIANN = HubRepo("unimelb-nlp/wikiann", "f0a3be6dc5564c0cc4150bb660144800a1f539d4")
XCOPA = HubRepo("cambridgeltl/xcopa", "042f78955ba48e6404616762fa6e05e839c3907a")
XNLI = HubRepo("facebook/xnli", "b8dd5d7af51114dbda02c0e3f6133f332186418e")
XQUAD = HubRepo("google/xquad", "51adfef1c1287aab1d2d91b5bead9bcfb9c68583")
# Universal Dependencies 2.7 in XTREME-R's 38 languages: a file {lang}/test.parquet each, training files in English.
UDPOS_XTREME_R = HubRepo("izhx/xtreme-r-udpos", "d0863a53a290c35d469310234e97461ea025287a")
XTREME = HubRepo("google/xtreme", "ec5f1f46e9af79639a90684a7a70a956c4998f04")
