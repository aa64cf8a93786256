# What every make.R beside this folder shares: an exact maximum likelihood fit by lavaan
# and its numbers in one long table.
suppressMessages(library(lavaan))

# lavaan stops at a gradient of about 1e-6, where estimates still differ in the fifth
# digit. Fisher scoring with lavaan's own gradient and information goes on to the optimum.
fit_exactly <- function(syntax, data, steps = 60, ...) {
  fit <- sem(syntax, data, ...)
  for (step in seq_len(steps)) {
    table <- parTable(fit)
    free <- table$free > 0
    move <- solve(lavInspect(fit, "information.expected"), lavInspect(fit, "gradient"))
    table$est[free] <- table$est[free] - move[table$free[free]]
    table$start <- table$est
    fit <- sem(table, data, optim.method = "none", optim.force.converged = TRUE, ...)
  }
  fit
}

rows <- function(model, kind, left, op = "", right = "", estimate, se = NA,
                 p_value = NA, lower = NA, upper = NA, standardised = NA, standardised_se = NA) {
  data.frame(
    model, kind, left, op, right, estimate, se, p_value, lower, upper, standardised,
    standardised_se
  )
}

collect <- function(fit, model) {
  raw <- parameterEstimates(fit)
  std <- standardizedSolution(fit)
  stopifnot(raw$lhs == std$lhs, raw$op == std$op, raw$rhs == std$rhs)
  measures <- c(
    "npar", "ntotal", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli",
    "nfi", "ifi", "gfi", "agfi", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue",
    "srmr", "logl", "aic", "bic"
  )
  found <- unclass(fitMeasures(fit, measures))
  explained <- lavInspect(fit, "rsquare")
  rbind(
    rows(
      model, "parameter", raw$lhs, raw$op, raw$rhs, raw$est, raw$se, raw$pvalue, raw$ci.lower,
      raw$ci.upper, std$est.std, std$se
    ),
    rows(model, "fit", measures, estimate = as.numeric(found[measures])),
    rows(model, "r_squared", names(explained), estimate = as.numeric(explained)),
    rows(model, "largest_gradient", "", estimate = max(abs(lavInspect(fit, "gradient"))))
  )
}

describe_items <- function(data) {
  found <- psych::describe(data, type = 2)  # G1 and G2 of Joanes & Gill
  rbind(
    rows("items", "mean", rownames(found), estimate = found$mean),
    rows("items", "sd", rownames(found), estimate = found$sd),
    rows("items", "skewness", rownames(found), estimate = found$skew),
    rows("items", "kurtosis", rownames(found), estimate = found$kurtosis)
  )
}

alphas <- function(data, scales, model) {
  do.call(rbind, lapply(names(scales), function(name) {
    found <- suppressWarnings(psych::alpha(data[scales[[name]]], warnings = FALSE))$total
    rbind(
      rows(model, "alpha", name, estimate = found$raw_alpha),
      rows(model, "standardised_alpha", name, estimate = found$std.alpha)
    )
  }))
}

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 1) stop("usage: Rscript make.R data.csv > expected.csv")
survey <- read.csv(arguments[1])

publish <- function(...) {
  table <- rbind(...)
  numeric <- vapply(table, is.numeric, TRUE)
  table[numeric] <- lapply(table[numeric], function(x) ifelse(is.na(x), "", sprintf("%.15g", x)))
  write.csv(table, stdout(), row.names = FALSE, quote = FALSE)
}
