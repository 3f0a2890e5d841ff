"""Published tables for generalised linear models: facts, in rows of our own."""

from __future__ import annotations

from conformance.reference.glm_set import GlmSet, Table, math

LOGIT = {"name": "binomial", "link": "logit"}
LOG = {"name": "poisson", "link": "log"}


def _shares(events: str, trials: str, table: Table) -> Table:
    """With the share of events, and what were none."""
    pairs = list(zip(table[events], table[trials], strict=True))
    share = [e / n for e, n in pairs]
    return {**table, "y": share, "other": [n - e for e, n in pairs]}


# Dobson: An Introduction to Generalized Linear Models (1990), page 93: a randomised trial.
_TRIAL: Table = {
    "y": [18, 17, 15, 20, 10, 20, 25, 13, 12],
    "outcome": list("abcabcabc"),
    "treatment": list("aaabbbccc"),
}
# McCullagh and Nelder: Generalized Linear Models (1989), page 300: clotting of blood, two lots.
_PERCENT = [5, 10, 15, 20, 30, 40, 60, 80, 100]
_LOT1 = [118, 58, 42, 35, 27, 25, 21, 19, 18]
_LOT2 = [69, 35, 26, 21, 18, 16, 13, 12, 12]
_CLOTTING: Table = {"u": _PERCENT, "lot1": _LOT1, "lot2": _LOT2}
_BOTH_LOTS: Table = {"u": _PERCENT * 2, "y": _LOT1 + _LOT2, "lot": ["a"] * 9 + ["b"] * 9}
_LOG_U = {"log(u)": [math.log(u) for u in _PERCENT]}
# Bliss: The calculation of the dosage-mortality curve (1935): beetles in carbon disulphide.
_BEETLES = _shares(
    "killed",
    "n",
    {
        "dose": [1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.861, 1.8839],
        "n": [59, 60, 62, 56, 63, 59, 62, 60],
        "killed": [6, 13, 18, 28, 52, 53, 61, 60],
    },
)
# Collett: Modelling Binary Data (1991), page 75: tobacco budworms, 20 moths at each dose.
_BUDWORMS = _shares(
    "dead",
    "n",
    {
        "ldose": [0, 1, 2, 3, 4, 5] * 2,
        "sex": ["M"] * 6 + ["F"] * 6,
        "dead": [1, 4, 9, 13, 18, 20, 0, 2, 6, 10, 12, 16],
        "n": [20] * 12,
    },
)
# Bickel, Hammel, O'Connell: Sex bias in graduate admissions (1975): the six largest departments of Berkeley.
_ADMITTED = [512, 89, 353, 17, 120, 202, 138, 131, 53, 94, 22, 24]
_REJECTED = [313, 19, 207, 8, 205, 391, 279, 244, 138, 299, 351, 317]
_ADMISSIONS: Table = {
    "admitted": _ADMITTED,
    "rejected": _REJECTED,
    "dept": [d for d in "ABCDEF" for _ in range(2)],
    "gender": list("MF") * 6,
}
_ADMISSION_COUNTS: Table = {
    "n": _ADMITTED + _REJECTED,
    "dept": _ADMISSIONS["dept"] * 2,
    "gender": _ADMISSIONS["gender"] * 2,
    "admit": ["yes"] * 12 + ["no"] * 12,
}
# McCullagh and Nelder, page 205: damage to ships by waves; rows with service.
_SHIPS: Table = {
    "type": list("A" * 7 + "B" * 7 + "C" * 7 + "D" * 7 + "E" * 6),
    "year": ["y60", "y60", "y65", "y65", "y70", "y70", "y75"] * 4 + ["y60", "y65", "y65", "y70", "y70", "y75"],
    "period": (["p60", "p75"] * 3 + ["p75"]) * 4 + ["p60", "p60", "p75", "p60", "p75", "p75"],
    "service": [
        127, 63, 1095, 1095, 1512, 3353, 2244,
        44882, 17176, 28609, 20370, 7064, 13099, 7117,
        1179, 552, 781, 676, 783, 1948, 274,
        251, 105, 288, 192, 349, 1208, 2051,
        45, 789, 437, 1157, 2161, 542,
    ],
    "incidents": [
        0, 0, 3, 4, 6, 18, 11, 39, 29, 58, 53, 12, 44, 18,
        1, 1, 0, 1, 6, 2, 1, 0, 0, 0, 0, 2, 11, 4, 0, 7, 7, 5, 12, 1,
    ],
}  # fmt: skip
# Dalal, Fowlkes, Hoadley: Risk analysis of the space shuttle (1989): flights with distressed O-rings.
_ORINGS: Table = {
    "temperature": [
        66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
    ],
    "distress": [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1],
}  # fmt: skip
# Feigl and Zelen: Estimation of exponential survival probabilities with concomitant information (1965).
_LEUKAEMIA: Table = {
    "wbc": [
        2300, 750, 4300, 2600, 6000, 10500, 10000, 17000, 5400, 7000, 9400, 32000, 35000, 100000,
        100000, 52000, 100000, 4400, 3000, 4000, 1500, 9000, 5300, 10000, 19000, 27000, 28000,
        31000, 26000, 21000, 79000, 100000, 100000,
    ],
    "ag": ["present"] * 17 + ["absent"] * 16,
    "weeks": [
        65, 156, 100, 134, 16, 108, 121, 4, 39, 143, 56, 26, 22, 1, 1, 5, 65,
        56, 65, 17, 7, 16, 22, 3, 4, 2, 3, 8, 4, 3, 30, 4, 43,
    ],
}  # fmt: skip
_LEUKAEMIA_LOG = {"log(wbc)": [math.log(wbc) for wbc in _LEUKAEMIA["wbc"]]}
# Milicer and Szczotka: Age at menarche in Warsaw girls in 1965 (1966).
_MENARCHE = _shares(
    "yes",
    "n",
    {
        "age": [
            9.21, 10.21, 10.58, 10.83, 11.08, 11.33, 11.58, 11.83, 12.08, 12.33, 12.58, 12.83, 13.08,
            13.33, 13.58, 13.83, 14.08, 14.33, 14.58, 14.83, 15.08, 15.33, 15.58, 15.83, 17.58,
        ],
        "n": [
            376, 200, 93, 120, 90, 88, 105, 111, 100, 93, 100, 108, 99,
            106, 105, 117, 98, 97, 120, 102, 122, 111, 94, 114, 1049,
        ],
        "yes": [
            0, 0, 0, 2, 2, 5, 10, 17, 16, 29, 39, 51, 47,
            67, 81, 88, 79, 90, 113, 95, 117, 107, 92, 112, 1049,
        ],
    },
)  # fmt: skip


def published() -> list[GlmSet]:
    """The published sets."""
    sets = [
        GlmSet("trial", _TRIAL, "y ~ outcome + treatment", ("outcome", "treatment"), LOG),
        GlmSet("clotting lot 1", _CLOTTING, "lot1 ~ log(u)", ("log(u)",), {"name": "Gamma"}, derived=_LOG_U),
        GlmSet("clotting lot 2", _CLOTTING, "lot2 ~ log(u)", ("log(u)",), {"name": "Gamma"}, derived=_LOG_U),
        GlmSet(
            "clotting both", _BOTH_LOTS, "y ~ log(u) * lot", ("log(u)", "lot", "log(u):lot"),
            {"name": "Gamma"}, derived={"log(u)": _LOG_U["log(u)"] * 2},
        ),
        GlmSet("budworms", _BUDWORMS, "y ~ sex * ldose", ("sex", "ldose", "ldose:sex"), LOGIT, pweights="n"),
        GlmSet(
            "admissions", _ADMISSIONS, "cbind(admitted, rejected) ~ gender + dept",
            ("gender", "dept"), LOGIT,
        ),
        GlmSet(
            "admission counts", _ADMISSION_COUNTS, "n ~ dept * gender + dept * admit",
            ("dept", "gender", "admit", "dept:gender", "dept:admit"), LOG,
        ),
        GlmSet("O-rings", _ORINGS, "distress ~ temperature", ("temperature",), LOGIT),
        GlmSet("O-rings cloglog", _ORINGS, "distress ~ temperature", ("temperature",), {**LOGIT, "link": "cloglog"}),
        GlmSet("menarche", _MENARCHE, "y ~ age", ("age",), {**LOGIT, "link": "probit"}, pweights="n"),
        GlmSet("menarche cbind", _MENARCHE, "cbind(yes, other) ~ age", ("age",), LOGIT),
        GlmSet(
            "leukaemia", _LEUKAEMIA, "weeks ~ ag + log(wbc)", ("ag", "log(wbc)"),
            {"name": "Gamma", "link": "log"}, derived=_LEUKAEMIA_LOG,
        ),
        GlmSet(
            "leukaemia inverse gaussian", _LEUKAEMIA, "weeks ~ ag + wbc", ("ag", "wbc"),
            {"name": "inverse.gaussian", "link": "log"},
        ),
    ]  # fmt: skip
    for name in ("poisson", "quasipoisson"):
        sets.append(
            GlmSet(
                f"ships {name}",
                _SHIPS,
                "incidents ~ type + year + period",
                ("type", "year", "period"),
                {"name": name},
                exposure="service",
            )
        )
    for link in ("logit", "probit", "cloglog", "cauchit"):
        family = {"name": "binomial", "link": link}
        sets.append(GlmSet(f"beetles {link}", _BEETLES, "y ~ dose", ("dose",), family, "n"))
    return sets
