"""Credit, journeys, budgets and creatives in sentences: what stands out first, each number beside its name."""

from collections.abc import Mapping, Sequence
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, capital, listed
from roastery.agent.render import when_text
from roastery.tools.base import Fact

NOT_NAMES = ("none", "other touches", "unattributed", "the rest")
LISTED = 4
MOST_MODELS = 3
COMPARED = ("first_touch", "last_non_direct", "linear", "markov", "shapley")


def _moved(fact: Fact) -> str:
    """Which way an expected amount goes and by how much, before its interval, which has signs of its own."""
    if (fact.value or 0) > 0:
        return f"up by [[{fact.id}]], between"
    return f"down by [[{fact.id}]], a change between"


class Credit(Voice):
    """What the tools over journeys, spend and assets found."""

    def credit(self, finding: Finding) -> str:
        """Who is credited with how much, and what nobody is."""
        data, facts = finding.result.data, self.evidence.facts
        totals = data["totals"]
        rows = [row for row in data["rows"] if row["key"] not in NOT_NAMES and facts[row["credited"]].value]
        when = when_text(facts[totals["total"]].period)
        what = data["conversion"].replace("_", " ")
        if not rows:
            return f"**No touch got credit {when}.** In total, uncredited {what}: [[{totals['unattributed']}]]."
        first = rows[0]
        title = self.title(facts[first["credited"]].metric)
        of = "of " if facts[first["credited"]].currency else ""
        sure = f", between [[{first['low']}]] and [[{first['high']}]]" if "low" in first else ""
        lines = [
            f"**[[{first['label']}]] got [[{first['credited']}]] {of}{title} {when}{sure}, a share of "
            f"[[{first['share']}]].**"
        ]
        for row in rows[1:LISTED]:
            lines.append(f"- [[{row['label']}]]: [[{row['credited']}]], a share of [[{row['share']}]]")
        if facts[totals["unattributed"]].value:
            lines.append(
                f"In total, uncredited {what}: [[{totals['unattributed']}]], a share of "
                f"[[{totals['unattributed_share']}]]."
            )
        return "\n".join(lines)

    def models(self, finding: Finding) -> str:
        """Where models part ways so far that a decision changes; else what they say, side by side."""
        data, facts = finding.result.data, self.evidence.facts
        lines = []
        for flip in data["flips"][:2]:
            low, high = facts[flip["lowest"]], facts[flip["highest"]]
            lines.append(
                f"**Whether [[{flip['label']}]] pays depends on the model: {self._metric(low.metric)} of [[{low.id}]] "
                f"under [[{self._model(flip['below'])}]], [[{high.id}]] under [[{self._model(flip['above'])}]].**"
            )
        for moved in data["ranks"][:1]:
            lines.append(
                f"By {self._metric(facts[moved['best_rank']].metric)}, [[{moved['label']}]] is "
                f"[[{moved['best_rank']}]] under "
                f"[[{self._model(moved['best'])}]] and [[{moved['worst_rank']}]] under "
                f"[[{self._model(moved['worst'])}]]."
            )
        named = [line for line in data["lines"] if line["key"] not in NOT_NAMES]
        if not lines:
            lines.append("**The models do not disagree enough to change a decision.**")
        lines += [said for line in named[:LISTED] if (said := self._side_by_side(line, data["models"]))]
        lines += self._below(data.get("break_even"))
        lines += [self._tested(line) for line in named if line.get("caused")]
        effect = data.get("effect") or {}
        if "share" in effect:
            lines.append(self._effect(effect, data))
        return "\n".join(lines)

    def _below(self, pays: Mapping[str, Any] | None) -> list[str]:
        """What does not earn its spend under any model, with the margin's own threshold."""
        if not pays or not pays["below"]:
            return []
        lines = [f"Break-even ROAS, from the gross margin, is [[{pays['roas']}]]."]
        return lines + [
            f"- ROAS of [[{one['label']}]] under [[{self._model(one['model'])}]]: [[{one['roas']}]], by chance up to "
            f"[[{one['high']}]], below break-even"
            for one in pays["below"][:LISTED]
        ]

    def _tested(self, line: Mapping[str, Any]) -> str:
        """What a recorded test says of one line, with its interval."""
        told = line["caused"]
        name = "incremental" if "incremental" in told else "share"
        sure = f", between [[{told[f'{name}_low']}]] and [[{told[f'{name}_high']}]]" if f"{name}_low" in told else ""
        what = self._metric(self.evidence.facts[told[name]].metric)
        return f"- By its experiment, {what} of [[{line['label']}]]: [[{told[name]}]]{sure}"

    def _side_by_side(self, line: Mapping[str, Any], models: Sequence[str]) -> str:
        facts = self.evidence.facts
        usual = [m for m in COMPARED if m in models] or list(models)
        shown = list(models) if len(models) <= MOST_MODELS else usual
        told = [f"[[{line['credited'][m]}]] under [[{self._model(m)}]]" for m in shown[:MOST_MODELS]]
        title = self._metric(facts[line["credited"][shown[0]]].metric)
        said = f"- [[{line['label']}]], {title}: {', '.join(told)}"
        if line["reported"] and facts[line["reported"]].value is not None:
            claim = capital(self._metric(facts[line["reported"]].metric))
            said += f"\n- {claim} of [[{line['label']}]]: [[{line['reported']}]]"
        return said

    def _effect(self, effect: Mapping[str, str], data: Mapping[str, Any]) -> str:
        sure = f", between [[{effect['share_low']}]] and [[{effect['share_high']}]]" if "share_low" in effect else ""
        text = f"The holdout says that a share of [[{effect['share']}]] was caused{sure}"
        if "incremental" in effect:
            text += f"; everywhere that would be [[{effect['incremental']}]] {self._what(data['conversion'])} in total"
        if "cost" in effect:
            text += f", at [[{effect['cost']}]] of spend for each"
        return f"{text}."

    def journeys(self, finding: Finding) -> str:
        """How many journeys convert, how long they take, which paths are frequent, who opens and closes."""
        data = finding.result.data
        totals = data["totals"]
        if "journeys" not in totals:
            return self.plain_totals(totals)
        lines = [f"**[[{totals['converted']}]] of [[{totals['journeys']}]] journeys converted, [[{totals['rate']}]].**"]
        if "median_days" in totals and "touches" in totals:
            lines.append(
                f"Days to convert: [[{totals['median_days']}]] in the median, over [[{totals['touches']}]] touches."
            )
        if data.get("show") == "funnel" and data["funnel"]:
            return "\n".join([*lines, *self._lost(data["funnel"])])
        for path in data["paths"][:3]:
            lines.append(f"- [[{path['label']}]]: [[{path['converted']}]] converted journeys")
        for role in [r for r in data["roles"] if r["key"] not in NOT_NAMES][:2]:
            lines.append(
                f"Journeys with [[{role['label']}]]: it opens [[{role['opens']}]], assists [[{role['assists']}]] and "
                f"closes [[{role['closes']}]]."
            )
        return "\n".join(lines)

    def _lost(self, steps: Sequence[Mapping[str, Any]]) -> list[str]:
        """Where journeys are lost, touch by touch: the largest loss first, then the steps in their order."""
        facts = self.evidence.facts
        worst = max(steps, key=lambda step: facts[step["lost"]].value or 0)
        lines = [
            f"Where they end: after [[{worst['label']}]], [[{worst['lost']}]] of [[{worst['reached']}]] journeys, "
            f"[[{worst['drop_off']}]]."
        ]
        for step in steps[: LISTED + 1]:
            lines.append(
                f"- [[{step['label']}]]: [[{step['reached']}]] journeys reached it, [[{step['lost']}]] ended there"
            )
        return lines

    def plain_totals(self, totals: Mapping[str, str]) -> str:
        return listed([f"{name.replace('_', ' ')} [[{id}]]" for name, id in totals.items()])

    def budget(self, finding: Finding) -> str:
        """The advice with its expected effect, or why there is none and the test that would settle it."""
        data, facts = finding.result.data, self.evidence.facts
        totals = data["totals"]
        if not data["advised"]:
            return "\n".join([self._no_advice(data), *self._known(data)])
        gain = facts[totals["gain"]]
        lines = [
            f"**Advised: move spend; what it is expected to bring a day goes {_moved(gain)} "
            f"[[{totals['gain_low']}]] and [[{totals['gain_high']}]].**"
        ]
        if "spared" in totals:
            lines = self._cut(totals)
        moved = [line for line in data["lines"] if "change" in line and facts[line["change"]].value]
        moved.sort(key=lambda line: -abs(facts[line["change"]].value or 0))
        for line in moved[: LISTED + 1]:
            change = facts[line["change"]]
            word = "up" if (change.value or 0) > 0 else "down"
            lines.append(
                f"- [[{line['label']}]]: advised [[{line['advised']}]] a day, {word} [[{change.id}]] from "
                f"[[{line['spend']}]]"
            )
        if data["held"]:
            kept = "Cut in proportion, since the data says too little about them" if "spared" in totals else (
                "Left as they are"
            )  # fmt: skip
            lines.append(f"{kept}: {listed([f'[[{id}]]' for id in data['held'][:LISTED]])}.")
        return "\n".join([*lines, *self._known(data)])

    def _cut(self, totals: Mapping[str, str]) -> list[str]:
        """A cut as advised beside the same share off each, which is what it is judged against."""
        return [
            f"**Advised: place the cut; spend a day in total goes down by [[{totals['cut']}]].**",
            f"What it is expected to bring a day: [[{totals['then']}]], above that of a proportional cut by "
            f"[[{totals['spared']}]], between [[{totals['spared_low']}]] and [[{totals['spared_high']}]].",
            *self._even(totals),
        ]

    def _even(self, totals: Mapping[str, str]) -> list[str]:
        """What the same share off each is expected to lose."""
        lost = self.evidence.facts[totals["lost"]]
        return [
            f"With a proportional cut, to a share of [[{totals['share']}]], what is expected a day goes {_moved(lost)} "
            f"[[{totals['lost_low']}]] and [[{totals['lost_high']}]]."
        ]

    def _known(self, data: Mapping[str, Any]) -> list[str]:
        """What recorded tests say of what money may be moved between."""
        said = []
        for one in data.get("known", ())[:LISTED]:
            sure = f", between [[{one['share_low']}]] and [[{one['share_high']}]]" if "share_low" in one else ""
            what = self._metric(self.evidence.facts[one["share"]].metric)
            said.append(f"- Known from an experiment, {what} of [[{one['label']}]]: [[{one['share']}]]{sure}")
        return said

    def _no_advice(self, data: Mapping[str, Any]) -> str:
        lines = ["**No reallocation is advised: the data cannot tell where further spend pays.**"]
        budget = data["totals"].get("budget")
        if "lost" in data["totals"]:
            lines = ["**No split of the cut is advised: the data cannot tell one from another.**"]
            lines += self._even(data["totals"])
        if budget:
            lines.append(f"Spend a day in total: [[{budget}]].")
        plan = data.get("proposal")
        if plan:
            ids = plan["facts"]
            label = next((line["label"] for line in data["lines"] if line["key"] == plan["key"]), None)
            named = f"[[{label}]]" if label else "the largest"
            lines.append(f"A holdout would settle it, with {named} paused.")
            where = (
                f"in [[{ids['held_out']}]] of [[{ids['places']}]] places"
                if "held_out" in ids
                else "every other week, drawn by lot,"
            )
            lines.append(
                f"The holdout takes [[{ids['weeks']}]] weeks, {where} and finds an effect that is detectable from "
                f"[[{ids['detectable']}]] on."
            )
        return "\n".join(lines)

    def assets(self, finding: Finding) -> str:
        """Who is ahead and how sure that is, and what is wearing out."""
        data = finding.result.data
        lines = []
        rate = data["rate"].replace("_", " ")
        lines_of = {line["label"]: line for line in data["lines"]}
        if (winner := data.get("winner")) and winner["label"] in lines_of:
            own = lines_of[winner["label"]]
            sure = "" if winner["is_sure"] else "; that is not sure enough to act on"
            lines.append(
                f"**[[{winner['label']}]] has a chance of [[{winner['best']}]] to come out in front: {rate} "
                f"[[{winner['rate']}]], range [[{own['rate_low']}]] to [[{own['rate_high']}]]{sure}.**"
            )
        named = [line for line in data["lines"] if line["label"] and "rate" in line]
        for line in named[:LISTED]:
            lines.append(
                f"- [[{line['label']}]]: {rate} [[{line['rate']}]], range [[{line['rate_low']}]] to "
                f"[[{line['rate_high']}]]"
            )
        if not lines:
            for line in data["lines"][:LISTED]:
                lines.append(f"- [[{line['label']}]]: shown [[{line['impressions']}]] times")
        for line in [x for x in data["lines"] if x["label"] in data["tired"]][:2]:
            lines.append(
                f"[[{line['label']}]] wears out: with age its {rate} is expected to change by [[{line['fatigue']}]]."
            )
        return "\n".join(lines)

    def _what(self, conversion: str) -> str:
        return {"revenue": "of incremental revenue"}.get(conversion, f"incremental {conversion.replace('_', ' ')}")

    def _metric(self, metric: str) -> str:
        return self.title(metric)

    def _model(self, model: str) -> str:
        label = self.evidence.label_of("attribution_model", model)
        assert label is not None
        return label.id
