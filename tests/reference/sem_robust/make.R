# Rscript make.R mobi.csv holzinger_swineford39_data.csv pd_data.csv > expected.csv
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 3) stop("usage: Rscript make.R mobi.csv holzinger.csv pd.csv")
mobi <- read.csv(arguments[1])
holzinger <- read.csv(arguments[2])
democracy <- read.csv(arguments[3])
commandArgs <- function(...) arguments[1] # collect.R reads one file by itself
source("../sem_lavaan/collect.R")

cfa_model <- "
  visual =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  speed =~ x7 + x8 + x9
"
satisfaction <- "
  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
  value =~ PERV1 + PERV2
  satisfaction =~ CUSA1 + CUSA2 + CUSA3
  loyalty =~ CUSL1 + CUSL3
  value ~ quality
  loyalty ~ satisfaction
"
admissible <- paste(satisfaction, "satisfaction ~ quality + value")
# sem() lets two final outcomes covary; this study does not
no_value <- paste(satisfaction, "satisfaction ~ quality\n value ~~ 0*loyalty")
measured <- "
  ind60 =~ x1 + x2 + x3
  dem60 =~ y1 + y2 + y3 + y4
  dem65 =~ y5 + y6 + y7 + y8
  y1 ~~ y5
  y2 ~~ y4 + y6
  y3 ~~ y7
  y4 ~~ y8
  y6 ~~ y8
  dem60 ~ ind60
"
democracy_model <- paste(measured, "dem65 ~ ind60 + dem60")
no_direct <- paste(measured, "dem65 ~ dem60")
covariates <- "
  visual =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  visual ~ ageyr + sex
  textual ~ ageyr + sex + visual
"

errors_of <- function(fit, model) {
  raw <- parameterEstimates(fit)
  std <- standardizedSolution(fit)
  kept <- raw$op != "~1"
  stopifnot(raw$lhs == std$lhs, raw$op == std$op, raw$rhs == std$rhs)
  rows(
    model, "parameter", raw$lhs, raw$op, raw$rhs, raw$est, raw$se, raw$pvalue, raw$ci.lower,
    raw$ci.upper, std$est.std, std$se
  )[kept, ]
}

measures_of <- function(fit, model) {
  found <- unclass(fitMeasures(fit))
  rbind(
    rows(model, "fit", names(found), estimate = as.numeric(found)),
    rows(model, "largest_gradient", "", estimate = max(abs(lavInspect(fit, "gradient"))))
  )
}

both <- function(syntax, data, model, ...) {
  mlm <- fit_exactly(syntax, data, estimator = "MLM", ...)
  mlr <- fit_exactly(syntax, data, estimator = "MLR", ...)
  rbind(
    errors_of(mlm, paste(model, "MLM")), measures_of(mlm, paste(model, "MLM")),
    errors_of(mlr, paste(model, "MLR")), measures_of(mlr, paste(model, "MLR"))
  )
}

difference <- function(larger, smaller, data, model) {
  do.call(rbind, lapply(c("MLM", "MLR"), function(estimator) {
    one <- fit_exactly(larger, data, estimator = estimator)
    nested <- fit_exactly(smaller, data, estimator = estimator)
    do.call(rbind, lapply(c("satorra.bentler.2001", "satorra.bentler.2010"), function(method) {
      tested <- lavTestLRT(one, nested, method = method)
      name <- paste(model, estimator)
      kind <- sub("satorra.bentler.", "difference_", method)
      rows(
        name, kind, c("chi2", "df", "p_value"),
        estimate = c(tested[2, "Chisq diff"], tested[2, "Df diff"], tested[2, "Pr(>Chisq)"])
      )
    }))
  }))
}

plain <- function(syntax, data, model, ...) {
  fit <- fit_exactly(syntax, data, ...)
  rbind(errors_of(fit, model), measures_of(fit, model))
}

publish(
  both(cfa_model, holzinger, "cfa"),
  both(admissible, mobi, "admissible"),
  both(no_value, mobi, "no_value"),
  both(democracy_model, democracy, "democracy"),
  both(no_direct, democracy, "no_direct"),
  difference(admissible, no_value, mobi, "admissible"),
  difference(democracy_model, no_direct, democracy, "democracy"),
  plain(covariates, holzinger, "covariates"),
  plain(covariates, holzinger, "covariates random", fixed.x = FALSE),
  both(covariates, holzinger, "covariates random", fixed.x = FALSE),
  plain("x1 ~ x4 + x7", holzinger, "regression")
)
