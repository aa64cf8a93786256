# Rscript make.R mobi.csv pd_data.csv
# Writes refits_admissible.csv, refits_democracy.csv, intervals.csv, replicates.csv and limits.csv into this folder.
suppressMessages({
  library(lavaan)
  library(boot)
})
arguments <- commandArgs(trailingOnly = TRUE)
surveys <- list(admissible = read.csv(arguments[1]), democracy = read.csv(arguments[2]))
models <- list(
  admissible = "
    quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    value =~ PERV1 + PERV2
    satisfaction =~ CUSA1 + CUSA2 + CUSA3
    loyalty =~ CUSL1 + CUSL3
    value ~ a*quality
    satisfaction ~ b*quality + c*value
    loyalty ~ d*satisfaction
    quality_satisfaction := a*c
    quality_loyalty := b*d + a*c*d
    value_loyalty := c*d
  ",
  democracy = "
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ a*ind60
    dem65 ~ c*ind60 + b*dem60
    y1 ~~ y5
    y2 ~~ y4
    y2 ~~ y6
    y3 ~~ y7
    y4 ~~ y8
    y6 ~~ y8
    ind60_dem65 := a*b
  "
)
save_table <- function(table, name) {
  numeric <- vapply(table, is.double, TRUE)
  table[numeric] <- lapply(table[numeric], function(x) ifelse(is.na(x), "", sprintf("%.15g", x)))
  write.csv(table, name, row.names = FALSE, quote = FALSE)
}

# 1. The same samples, estimate by estimate. Rows by the Park-Miller generator
# (x <- 16807 x mod 2^31 - 1, exact in doubles), so that no list of rows is needed.
draw_rows <- function(n, draws, seed) {
  x <- seed
  rows <- matrix(0, draws, n)
  for (draw in seq_len(draws)) for (k in seq_len(n)) {
    x <- (16807 * x) %% 2147483647
    rows[draw, k] <- x %% n
  }
  rows + 1
}
# lavaan stops at a gradient of about 1e-6; Fisher scoring with its own gradient and expected
# information goes on to the optimum.
polish <- function(fit, model, data) {
  for (step in seq_len(60)) {
    slope <- lavInspect(fit, "gradient")
    if (max(abs(slope)) < 1e-11) break
    table <- parTable(fit)
    free <- table$free > 0
    table$est[free] <- table$est[free] -
      solve(lavInspect(fit, "information.expected"), slope)[table$free[free]]
    table$start <- table$est
    fit <- sem(table, data, optim.method = "none", optim.force.converged = TRUE, se = "none",
               baseline = FALSE)
  }
  fit
}
refit <- function(model, draws = 60, seed = 20261123) {
  data <- surveys[[model]]
  rows <- draw_rows(nrow(data), draws, seed)
  do.call(rbind, lapply(seq_len(draws), function(draw) {
    sample <- data[rows[draw, ], ]
    fit <- suppressWarnings(sem(models[[model]], sample))
    if (!lavInspect(fit, "converged")) return(NULL)
    fit <- suppressWarnings(polish(fit, models[[model]], sample))
    table <- parTable(fit)
    table <- table[table$free > 0, ]
    wide <- as.list(table$est)
    names(wide) <- paste0(table$lhs, table$op, table$rhs)
    data.frame(
      draw = draw - 1L, discrepancy = as.numeric(2 * fitMeasures(fit, "fmin")),
      gradient = max(abs(lavInspect(fit, "gradient"))), wide, check.names = FALSE
    )
  }))
}
for (model in names(models)) save_table(refit(model), paste0("refits_", model, ".csv"))


# 2. lavaan's own bootstrap, 2,000 samples of its own.
bootstrap <- function(model) {
  set.seed(20261123)
  fit <- sem(models[[model]], surveys[[model]], se = "bootstrap", bootstrap = 2000)
  rows <- lapply(c("perc", "bca.simple"), function(kind) {
    table <- parameterEstimates(fit, boot.ci.type = kind)
    table <- table[table$op %in% c("~", ":="), ]
    data.frame(
      model, kind, left = table$lhs, op = table$op, right = ifelse(table$op == ":=", "", table$rhs),
      estimate = table$est, se = table$se, lower = table$ci.lower, upper = table$ci.upper
    )
  })
  do.call(rbind, rows)
}
bootstraps <- suppressWarnings(lapply(names(models), bootstrap))
save_table(do.call(rbind, bootstraps), "intervals.csv")

# 3. Percentile and BCa limits of given replicates by boot: the ratio of means of bigcity.
ratio <- function(data, rows) sum(data$x[rows]) / sum(data$u[rows])
set.seed(20261123)
found <- boot(bigcity, ratio, R = 999)
everybody <- seq_len(nrow(bigcity))
without <- sapply(everybody, function(k) ratio(bigcity, setdiff(everybody, k)))
influence <- mean(without) - without
save_table(
  data.frame(
    what = rep(c("estimate", "replicate", "without"), c(1, 999, length(everybody))),
    value = c(found$t0, found$t, without)
  ),
  "replicates.csv"
)
limits <- do.call(rbind, lapply(c(0.5, 0.8, 0.9, 0.95, 0.99), function(level) {
  ci <- boot.ci(found, conf = level, type = c("perc", "bca"), L = influence)
  data.frame(level, kind = c("percentile", "bca"),
             lower = c(ci$percent[4], ci$bca[4]), upper = c(ci$percent[5], ci$bca[5]))
}))
save_table(limits, "limits.csv")
