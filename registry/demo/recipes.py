"""What the demo trains: the models of a grocer, good versions and one deliberately poor one."""

from functools import partial
from typing import Any

from registry.demo import data
from registry.demo.training import SEED, Recipe

CHAMPIONS = {
    "coupon-redemption": "2",
    "basket-value": "1",
    "grocery-demand-forecast": "2",
    "produce-demand-forecast": "1",
    "juice-brand-choice": "2",
    "store-sales-driver": "1",
}
CHALLENGERS = {"coupon-redemption": "3", "basket-value": "3"}


def logistic() -> Any:
    """A regularised logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.5, max_iter=500, random_state=SEED)


def boosted_classifier() -> Any:
    """Gradient boosted trees for classes."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.05, max_leaf_nodes=15, random_state=SEED
    )


def boosted_regressor() -> Any:
    """Gradient boosted trees for amounts."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=150, learning_rate=0.05, max_leaf_nodes=15, random_state=SEED
    )


def ridge() -> Any:
    """A ridge regression."""
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0, random_state=SEED)


def forest() -> Any:
    """A random forest for amounts."""
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=60, min_samples_leaf=5, n_jobs=1, random_state=SEED)


def level_only() -> Any:
    """Exponential smoothing without seasons."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    return lambda series: ETSModel(series, error="add").fit(disp=False)


def weekly_season() -> Any:
    """Exponential smoothing with a weekly season."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    return lambda series: ETSModel(series, error="add", seasonal="add", seasonal_periods=7).fit(
        disp=False
    )


coupon = partial(
    Recipe,
    model="coupon-redemption",
    task="classification",
    user="scientist",
    team="personalisation",
    table=data.coupon_redemption,
)
basket = partial(
    Recipe, model="basket-value", task="regression", user="scientist", team="personalisation"
)
lapse = partial(
    Recipe,
    model="household-lapse",
    task="classification",
    user="scientist",
    team="",
    table=data.household_lapse,
)
demand = partial(Recipe, task="forecasting", user="scientist2", team="demand-planning")
juice = partial(
    Recipe,
    model="juice-brand-choice",
    task="classification",
    user="scientist2",
    team="category-pricing",
    table=lambda: data.islp("OJ", "Purchase", "juice_purchases"),
)

RECIPES: list[Recipe] = [
    coupon(estimator=logistic, note="First model: logistic regression on twelve weeks of baskets"),
    coupon(estimator=boosted_classifier, note="Boosted trees; better calibrated at the top decile"),
    coupon(
        estimator=boosted_classifier,
        drop=("coupon_discount",),
        note="Challenger without past coupon use, for households new to coupons",
    ),
    basket(
        table=data.basket_value,
        estimator=boosted_regressor,
        note="Spend of the next four weeks from twelve weeks of baskets",
    ),
    basket(
        table=partial(data.basket_value, 7),
        estimator=boosted_regressor,
        rows=60,
        lineage=False,
        note="Quick retrain on one week and sixty households",
    ),
    basket(
        table=data.basket_value, estimator=forest, note="Challenger: random forest, same features"
    ),
    lapse(estimator=logistic, note="Who stops shopping with us: baseline"),
    lapse(estimator=boosted_classifier, note="Who stops shopping with us: boosted trees"),
    demand(
        model="grocery-demand-forecast",
        table=partial(data.daily_sales, "GROCERY"),
        estimator=level_only,
        params={"seasonal_periods": 0},
        note="Daily grocery sales, level only",
    ),
    demand(
        model="grocery-demand-forecast",
        table=partial(data.daily_sales, "GROCERY"),
        estimator=weekly_season,
        params={"seasonal_periods": 7},
        note="Daily grocery sales with a weekly season",
    ),
    demand(
        model="produce-demand-forecast",
        table=partial(data.daily_sales, "PRODUCE"),
        estimator=weekly_season,
        params={"seasonal_periods": 7},
        note="Daily produce sales with a weekly season",
    ),
    juice(estimator=logistic, note="Which orange juice brand a shopper picks, from shelf prices"),
    juice(estimator=boosted_classifier, note="Brand choice with boosted trees"),
    Recipe(
        model="store-sales-driver",
        task="regression",
        user="scientist2",
        team="category-pricing",
        table=lambda: data.islp("Carseats", "Sales", "car_seat_stores"),
        estimator=ridge,
        note="Unit sales of car seats per store from price and shelf position",
    ),
    Recipe(
        model="bike-courier-demand",
        task="regression",
        user="scientist2",
        team="demand-planning",
        table=lambda: data.islp("Bikeshare", "bikers", "bike_hire_hours"),
        estimator=boosted_regressor,
        drop=("casual", "registered"),
        note="Bicycles needed per hour for courier pick-up points",
    ),
    Recipe(
        model="late-basket-upsell",
        task="classification",
        user="scientist2",
        team="personalisation",
        table=data.household_lapse,
        estimator=logistic,
        register=False,
        lineage=False,
        note="Upsell trigger, serving since the spring trial",
    ),
]
