"""What the warm process imports before kernels are forked from it."""

import ibis
import lifelines
import matplotlib.backends.backend_agg
import matplotlib.figure
import pandas
import pyarrow
import scipy.optimize
import scipy.stats
import seaborn
import semopy
import sklearn.cluster
import sklearn.metrics
import statsmodels.api

import crmstudy.analysis
import crmstudy.case
import crmstudy.collection
import crmstudy.evaluation
import crmstudy.loyalty
import crmstudy.report
import crmstudy.segmentation
import crmstudy.value

__all__ = ["crmstudy", "ibis", "lifelines", "matplotlib", "pandas", "pyarrow", "scipy"]
__all__ += ["seaborn", "semopy", "sklearn", "statsmodels"]
