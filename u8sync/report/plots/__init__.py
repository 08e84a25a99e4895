"""Charts of the report and of the index: one a file, drawn by matplotlib into SVG that stands in the page itself.

What does not live here: the counting (``u8sync/report/figures.py``) and the tables that say the same to those who do
not see a chart (the templates). The idea: matplotlib places shapes, the page gives them colours, fonts and words, so
that a chart follows the dark screen and the printer, and a customer's or a tier's name is never measured or parsed.
"""

from u8sync.report.plots.borderline import borderline_plot
from u8sync.report.plots.flow import flow_plot
from u8sync.report.plots.nights import nights_plot
from u8sync.report.plots.pyramid import pyramid_plot
from u8sync.report.plots.revenue import revenue_plot
from u8sync.report.plots.trends import Trend, lines_plot, stack_plot

__all__ = [
    "Trend",
    "borderline_plot",
    "flow_plot",
    "lines_plot",
    "nights_plot",
    "pyramid_plot",
    "revenue_plot",
    "stack_plot",
]
