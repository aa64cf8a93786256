# Rscript make.R holzinger_swineford39_data.csv pd_data.csv mobi.csv > expected.csv
paths <- commandArgs(trailingOnly = TRUE)
if (length(paths) != 3) stop("usage: Rscript make.R holzinger.csv pd_data.csv mobi.csv > expected.csv")
commandArgs <- function(...) paths[1]  # collect.R reads one file
source("../sem_lavaan/collect.R")

ecsi <- "
  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
  value =~ PERV1 + PERV2
  satisfaction =~ CUSA1 + CUSA2 + CUSA3
  loyalty =~ CUSL1 + CUSL3
  value ~ quality
  satisfaction ~ quality + value
"
models <- list(
  admissible = c(ecsi, "loyalty ~ satisfaction"),
  partial_mediation = c(ecsi, "loyalty ~ satisfaction + quality + value"),
  direct_only = c(ecsi, "loyalty ~ quality + value", "satisfaction ~~ 0*loyalty"),
  cfa = "visual =~ x1 + x2 + x3
         textual =~ x4 + x5 + x6
         speed =~ x7 + x8 + x9",
  one_factor = "ability =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9"
)

# The optimum to rounding, then lavaan's scaled tests there.
refit <- function(name, data, estimator) {
  exact <- fit_exactly(models[[name]], data)
  sem(parTable(exact), data,
    estimator = estimator, optim.method = "none", optim.force.converged = TRUE
  )
}

compare <- function(restricted, general, data) {
  do.call(rbind, lapply(c("ML", "MLM", "MLR"), function(estimator) {
    fits <- lapply(c(general, restricted), refit, data = data, estimator = estimator)
    test <- lavTestLRT(fits[[1]], fits[[2]])
    data.frame(
      kind = "difference", one = restricted, other = general, name = estimator,
      value = test[["Chisq diff"]][2], df = test[["Df diff"]][2], p_value = test[["Pr(>Chisq)"]][2]
    )
  }))
}

criteria <- function(name, data) {
  fit <- fit_exactly(models[[name]], data)
  data.frame(
    kind = "criterion", one = name, other = "", name = c("aic", "bic"),
    value = c(AIC(fit), BIC(fit)), df = NA, p_value = NA
  )
}

# Vuong (1989) from lavaan's log-likelihood of each respondent.
vuong <- function(one, other, data) {
  gap <- lavInspect(fit_exactly(models[[one]], data), "loglik.casewise") -
    lavInspect(fit_exactly(models[[other]], data), "loglik.casewise")
  spread <- mean((gap - mean(gap))^2)
  z <- sum(gap) / sqrt(length(gap) * spread)
  data.frame(
    kind = "vuong", one, other, name = c("variance", "z"), value = c(spread, z), df = NA,
    p_value = c(NA, 2 * pnorm(-abs(z)))
  )
}

mobi <- read.csv(paths[3])
publish(
  compare("admissible", "partial_mediation", mobi),
  compare("direct_only", "partial_mediation", mobi),
  compare("one_factor", "cfa", survey),
  do.call(rbind, lapply(c("admissible", "partial_mediation", "direct_only"), criteria, mobi)),
  do.call(rbind, lapply(c("cfa", "one_factor"), criteria, survey)),
  vuong("admissible", "direct_only", mobi)
)
