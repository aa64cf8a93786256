# Rscript make.R holzinger_swineford39_data.csv pd_data.csv mobi.csv > expected.csv
paths <- commandArgs(trailingOnly = TRUE)
if (length(paths) != 3) stop("usage: Rscript make.R holzinger.csv pd_data.csv mobi.csv > expected.csv")
commandArgs <- function(...) paths[1]  # collect.R reads one file
source("../sem_lavaan/collect.R")

models <- list(
  cfa = "
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    speed =~ x7 + x8 + x9
  ",
  democracy = "
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ ind60
    dem65 ~ ind60 + dem60
    y1 ~~ y5
    y2 ~~ y4
    y2 ~~ y6
    y3 ~~ y7
    y4 ~~ y8
    y6 ~~ y8
  ",
  admissible = "
    quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    value =~ PERV1 + PERV2
    satisfaction =~ CUSA1 + CUSA2 + CUSA3
    loyalty =~ CUSL1 + CUSL3
    value ~ quality
    satisfaction ~ quality + value
    loyalty ~ satisfaction
  "
)

indices <- function(name, data, ...) {
  fit <- fit_exactly(models[[name]], data, ...)
  found <- modindices(fit, power = TRUE, delta = 0.1)
  all <- modindices(fit)
  stopifnot(all$lhs == found$lhs, all$rhs == found$rhs)
  data.frame(
    model = name, kind = "modification", left = found$lhs, op = found$op, right = found$rhs,
    value = found$mi, epc = found$epc, standardised = found$sepc.all, ncp = found$ncp,
    power = found$power
  )
}

# The verdicts of Saris, Satorra & van der Veld (2009) by semTools, on loadings: it
# standardises covariances of residuals otherwise.
verdicts <- function(name, data) {
  found <- semTools::miPowerFit(fit_exactly(models[[name]], data))
  found <- found[found$op == "=~", ]
  word <- c(M = 1, NM = 2, "EPC:M" = 3, "EPC:NM" = 4, I = 5)[found$decision.pow]
  data.frame(
    model = name, kind = "verdict", left = found$lhs, op = found$op, right = found$rhs,
    value = word, epc = NA, standardised = NA, ncp = NA, power = NA
  )
}

# z of the residuals (normal theory) and residuals as correlations, cell by cell.
residuals_of <- function(name, data) {
  fit <- fit_exactly(models[[name]], data)
  found <- lavResiduals(fit, type = "cor.bentler")
  z <- found$cov.z
  place <- which(lower.tri(z), arr.ind = TRUE)
  mplus <- resid(fit, type = "standardized.mplus")$cov
  data.frame(
    model = name, kind = "residual", left = colnames(z)[place[, 2]], op = "~~",
    right = rownames(z)[place[, 1]], value = found$cov[place], epc = NA,
    standardised = z[place], ncp = mplus[place], power = NA
  )
}

democracy <- read.csv(paths[2])
mobi <- read.csv(paths[3])
publish(
  indices("cfa", survey), indices("democracy", democracy), indices("admissible", mobi),
  verdicts("cfa", survey), verdicts("democracy", democracy), verdicts("admissible", mobi),
  residuals_of("cfa", survey), residuals_of("democracy", democracy),
  residuals_of("admissible", mobi)
)
