"""The curated contracts: every dataset's columns, types, key and personal columns (CONTRACTS section 3)."""

from roastery.warehouse.contracts.contract import Column, ColumnType, Contract, Fill, bound_sql
from roastery.warehouse.contracts.registry import CONTRACTS, contract, contract_names

__all__ = ["CONTRACTS", "Column", "ColumnType", "Contract", "Fill", "bound_sql", "contract", "contract_names"]
