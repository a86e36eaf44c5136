"""How answers are graded: cases, the companies they are about, what was asked of the tools, and the verdict."""
