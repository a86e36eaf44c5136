"""The synthetic companies by slug: COMPANIES["saltbox"].make(seed=7, size=600)."""

from collections.abc import Mapping
from types import MappingProxyType

from roastery.evals.world.companies.alder_finch import make as _alder_finch
from roastery.evals.world.companies.alder_finch import plan as _alder_finch_plan
from roastery.evals.world.companies.company import Company, Maker
from roastery.evals.world.companies.juniper import make as _juniper
from roastery.evals.world.companies.juniper import plan as _juniper_plan
from roastery.evals.world.companies.larkspur import make as _larkspur
from roastery.evals.world.companies.larkspur import plan as _larkspur_plan
from roastery.evals.world.companies.northgate import make as _northgate
from roastery.evals.world.companies.northgate import plan as _northgate_plan
from roastery.evals.world.companies.saltbox import make as _saltbox
from roastery.evals.world.companies.saltbox import plan as _saltbox_plan

COMPANIES: Mapping[str, Maker] = MappingProxyType(
    {
        maker.slug: maker
        for maker in (
            Maker(_larkspur_plan.ORGANIZATION, "e_commerce", _larkspur_plan.PLAN.size, 600, _larkspur.make),
            Maker(_saltbox_plan.ORGANIZATION, "restaurant", _saltbox_plan.PLAN.size, 500, _saltbox.make),
            Maker(_juniper_plan.ORGANIZATION, "health_and_wellness", _juniper_plan.PLAN.size, 500, _juniper.make),
            Maker(_northgate_plan.ORGANIZATION, "home_services", _northgate_plan.PLAN.size, 600, _northgate.make),
            Maker(
                _alder_finch_plan.ORGANIZATION,
                "professional_services",
                _alder_finch_plan.PLAN.size,
                600,
                _alder_finch.make,
            ),
        )
    }
)

__all__ = ["COMPANIES", "Company", "Maker"]
