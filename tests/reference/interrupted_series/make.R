# Segmented regression of the log of car drivers killed or seriously injured in Great Britain
# (R's Seatbelts; Harvey & Durbin, 1986) at the seat belt law of 31 January 1983.
suppressMessages({library(sandwich); library(lmtest)})
drivers <- log(as.numeric(Seatbelts[, "drivers"]))
month <- seq(as.Date("1969-01-01"), by = "month", length.out = length(drivers))
write.csv(data.frame(month, drivers = sprintf("%.15g", drivers)), "drivers.csv", row.names = FALSE, quote = FALSE)
# The last 48 months before and the first 23 since, as whole numbers from the law on.
t <- seq_along(drivers) - which(month == as.Date("1983-02-01"))
A <- as.numeric(t >= 0)
day <- as.numeric(format(month, "%j"))
s <- sin(2 * pi * day / 365.25); c <- cos(2 * pi * day / 365.25)
rows <- list()
for (lag in c(0, 4)) {
  fit <- lm(drivers ~ t + A + I(A * t) + s + c)
  V <- NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = TRUE)
  test <- coeftest(fit, vcov = V)
  ci <- coefci(fit, vcov = V)
  rows[[length(rows) + 1]] <- data.frame(lags = lag, term = rownames(test), estimate = test[, 1],
    standard_error = test[, 2], p_value = test[, 4], lower = ci[, 1], upper = ci[, 2])
  rows[[length(rows) + 1]] <- data.frame(lags = lag, term = "durbin_watson",
    estimate = as.numeric(dwtest(fit)$statistic), standard_error = NA, p_value = NA, lower = NA, upper = NA)
  joint <- waldtest(fit, . ~ t + s + c, vcov = V, test = "F")
  rows[[length(rows) + 1]] <- data.frame(lags = lag, term = "together",
    estimate = joint$F[2], standard_error = NA, p_value = joint$`Pr(>F)`[2], lower = NA, upper = NA)
}
out <- do.call(rbind, rows)
for (k in 3:7) out[[k]] <- sprintf("%.12g", out[[k]])
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
