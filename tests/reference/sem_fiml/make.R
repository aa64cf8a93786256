# Rscript make.R holzinger_swineford39_data.csv pd_data.csv mobi.csv > expected.csv
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 3) stop("usage: Rscript make.R holzinger.csv pd.csv mobi.csv")
holzinger <- read.csv(arguments[1])
democracy <- read.csv(arguments[2])
mobi <- read.csv(arguments[3])
commandArgs <- function(...) arguments[1] # collect.R reads one file by itself
source("../sem_lavaan/collect.R")

cfa_model <- "
  visual =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  speed =~ x7 + x8 + x9
"
democracy_model <- "
  ind60 =~ x1 + x2 + x3
  dem60 =~ y1 + y2 + y3 + y4
  dem65 =~ y5 + y6 + y7 + y8
  y1 ~~ y5
  y2 ~~ y4 + y6
  y3 ~~ y7
  y4 ~~ y8
  y6 ~~ y8
  dem60 ~ ind60
  dem65 ~ ind60 + dem60
"
admissible <- "
  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
  value =~ PERV1 + PERV2
  satisfaction =~ CUSA1 + CUSA2 + CUSA3
  loyalty =~ CUSL1 + CUSL3
  value ~ quality
  satisfaction ~ quality + value
  loyalty ~ satisfaction
"

# Holes by a rule of row and column, counted from 1: completely at random, so to say.
scatter <- function(data, items, every) {
  for (j in seq_along(items)) {
    i <- seq_len(nrow(data))
    data[(7 * i + 3 * j * j + i * j) %% every == 0, items[j]] <- NA
  }
  data
}

# Holes where another answer is low: at random given that answer (MAR).
follow <- function(data, items, from) {
  low <- data[[from]] < median(data[[from]])
  for (j in seq_along(items)) {
    data[low & (seq_len(nrow(data)) + j) %% 3 == 0, items[j]] <- NA
  }
  data
}

# fit_exactly() of collect.R, without standard errors on the way.
fit_exactly <- function(syntax, data, estimator, steps = 100) {
  fit <- sem(syntax, data, missing = "ml", estimator = estimator)
  for (step in seq_len(steps)) {
    table <- parTable(fit)
    free <- table$free > 0
    gradient <- lavInspect(fit, "gradient")
    if (max(abs(gradient)) < 1e-13) break
    move <- solve(lavInspect(fit, "information.expected"), gradient)
    table$est[free] <- table$est[free] - move[table$free[free]]
    table$start <- table$est
    fit <- sem(
      table, data, missing = "ml", estimator = estimator, optim.method = "none",
      optim.force.converged = TRUE, se = "none", test = "none", baseline = FALSE
    )
  }
  # The saturated model by EM stops at 1e-5 of the likelihood unless it is told otherwise.
  sem(
    parTable(fit), data, missing = "ml", estimator = estimator, optim.method = "none",
    optim.force.converged = TRUE, em.h1.iter.max = 5000, em.h1.tol = 1e-14
  )
}

describe <- function(fit, model, data, items) {
  raw <- parameterEstimates(fit)
  std <- standardizedSolution(fit)
  stopifnot(raw$lhs == std$lhs, raw$op == std$op, raw$rhs == std$rhs)
  found <- unclass(fitMeasures(fit))
  h1 <- lavInspect(fit, "sampstat.h1")
  pairs <- which(lower.tri(h1$cov, diag = TRUE), arr.ind = TRUE)
  names <- rownames(h1$cov)
  rbind(
    rows(
      model, "parameter", raw$lhs, raw$op, raw$rhs, raw$est, raw$se, raw$pvalue, raw$ci.lower,
      raw$ci.upper, std$est.std, std$se
    ),
    rows(model, "fit", names(found), estimate = as.numeric(found)),
    rows(model, "saturated_mean", names, estimate = as.numeric(h1$mean)),
    rows(
      model, "saturated_covariance", names[pairs[, 1]], "~~", names[pairs[, 2]],
      estimate = h1$cov[pairs]
    ),
    rows(model, "largest_gradient", "", estimate = max(abs(lavInspect(fit, "gradient")))),
    rows(model, "missing_answers", "", estimate = sum(is.na(data[items]))),
    rows(model, "sum_of_answers", "", estimate = sum(data[items], na.rm = TRUE))
  )
}

both <- function(syntax, data, model, items) {
  rbind(
    describe(fit_exactly(syntax, data, "ML"), model, data, items),
    describe(fit_exactly(syntax, data, "MLR"), paste(model, "MLR"), data, items)
  )
}

nine <- paste0("x", 1:9)
eleven <- c(paste0("x", 1:3), paste0("y", 1:8))
fourteen <- c(paste0("PERQ", 1:7), "PERV1", "PERV2", paste0("CUSA", 1:3), "CUSL1", "CUSL3")
publish(
  both(cfa_model, holzinger, "cfa complete", nine),
  both(cfa_model, scatter(holzinger, nine, 11), "cfa holes", nine),
  both(cfa_model, follow(holzinger, paste0("x", 4:9), "x1"), "cfa mar", nine),
  both(democracy_model, scatter(democracy, eleven, 13), "democracy holes", eleven),
  both(democracy_model, follow(democracy, paste0("y", 5:8), "y1"), "democracy mar", eleven),
  both(admissible, scatter(mobi, fourteen, 17), "admissible holes", fourteen)
)
