"""Published figures, each with its source."""

from countersign.domain.frozen import Frozen


class Figure(Frozen):
    """Somebody's figure, in percent."""

    system: str
    measure: str
    value: float
    source: str


LARSON = "Larson et al. 2019, table 2 (doi:10.18653/v1/D19-1131)"
CASANUEVA = "Casanueva et al. 2020 (arXiv:2003.04807)"
ARORA = "Arora et al. 2020 (arXiv:2009.13833), recorded predictions at a threshold of 0.1"

CLINC150 = (
    Figure(system="BERT, trained with out-of-scope", measure="in-scope accuracy", value=96.9, source=LARSON),
    Figure(system="BERT, trained with out-of-scope", measure="out-of-scope recall", value=40.3, source=LARSON),
    Figure(system="BERT, threshold", measure="in-scope accuracy", value=96.2, source=LARSON),
    Figure(system="BERT, threshold", measure="out-of-scope recall", value=52.3, source=LARSON),
)
BANKING77 = (
    Figure(system="USE + ConveRT", measure="in-scope accuracy", value=93.36, source=CASANUEVA),
    Figure(system="BERT, tuned", measure="in-scope accuracy", value=93.66, source=CASANUEVA),
)
