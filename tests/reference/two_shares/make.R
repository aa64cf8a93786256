# Two shares. Run here: Rscript make.R (R 4.2.2, pwr 1.3-0, Epi)
suppressMessages({library(pwr); library(Epi)})
rows <- list()
put <- function(case, quantity, value) {
  rows[[length(rows) + 1]] <<- data.frame(
    case = case, quantity = quantity, value = format(value, digits = 16, trim = TRUE))
}

# Treated: x1 of n1; control: x2 of n2. The first eight are Newcombe's (1998, table II).
tables <- list(
  a = c(56, 70, 48, 80), b = c(9, 10, 3, 10), c = c(6, 7, 2, 7), d = c(5, 56, 0, 29),
  e = c(0, 10, 0, 20), f = c(0, 10, 0, 10), g = c(10, 10, 0, 20), h = c(10, 10, 0, 10),
  shop = c(412, 1190, 355, 1204), big = c(5300, 100000, 5000, 100000), less = c(11, 90, 33, 120),
  none = c(0, 40, 6, 50), all = c(60, 60, 44, 52))

# Score limits by brute force: the restricted likelihood is maximised numerically, no cubic.
restricted <- function(x1, n1, x2, n2, link, from, to) {
  loglik <- function(p2) {
    p1 <- pmin(pmax(link(p2), 0), 1)
    part <- function(x, n, p) (if (x == 0) 0 else x * log(p)) + (if (x == n) 0 else (n - x) * log(1 - p))
    part(x1, n1, p1) + part(x2, n2, p2)
  }
  # Two stages: a coarse grid, then golden section around the best point, twice.
  grid <- seq(from, to, length.out = 2001); best <- grid[which.max(loglik(grid))]
  w <- (to - from) / 2000
  for (r in 1:2) {
    lo <- max(from, best - w); hi <- min(to, best + w)
    best <- optimize(loglik, c(lo, hi), maximum = TRUE, tol = 1e-14)$maximum; w <- w / 100
  }
  ends <- c(from, to, best); ends[which.max(loglik(ends))]
}
score_difference <- function(v, delta, corrected = TRUE) {
  p2 <- restricted(v[1], v[2], v[3], v[4], function(p) p + delta, max(0, -delta), min(1, 1 - delta))
  p1 <- min(1, max(0, p2 + delta)); n <- v[2] + v[4]
  variance <- (p1 * (1 - p1) / v[2] + p2 * (1 - p2) / v[4]) * if (corrected) n / (n - 1) else 1
  (v[1] / v[2] - v[3] / v[4] - delta) / sqrt(variance)
}
score_ratio <- function(v, phi) {
  p2 <- restricted(v[1], v[2], v[3], v[4], function(p) p * phi, 0, min(1, 1 / phi))
  p1 <- min(1, p2 * phi)
  (v[1] / v[2] - phi * v[3] / v[4]) / sqrt(p1 * (1 - p1) / v[2] + phi^2 * p2 * (1 - p2) / v[4])
}
z <- qnorm(.975)
for (name in names(tables)) {
  v <- tables[[name]]; d <- v[1] / v[2] - v[3] / v[4]
  hybrid <- ci.pd(v[1], v[3], v[2] - v[1], v[4] - v[3], print = FALSE)
  put(name, "newcombe_lower", hybrid[length(hybrid) - 1]); put(name, "newcombe_upper", hybrid[length(hybrid)])
  if (name %in% c("a", "b", "c", "shop", "big", "less")) {
    find <- function(level, from, to, f) uniroot(function(at) f(v, at) - level, c(from, to), tol = 1e-13)$root
    put(name, "mn_lower", find(z, -.99, d, score_difference))
    put(name, "mn_upper", find(-z, d, .99, score_difference))
    r <- (v[1] / v[2]) / (v[3] / v[4])
    put(name, "koopman_lower", find(z, r / 50, r, score_ratio))
    put(name, "koopman_upper", find(-z, r, r * 50, score_ratio))
  }
  m <- cbind(v[c(1, 3)], v[c(2, 4)] - v[c(1, 3)])
  put(name, "fisher_p", fisher.test(m)$p.value)
  put(name, "score_p", suppressWarnings(prop.test(v[c(1, 3)], v[c(2, 4)], correct = FALSE))$p.value)
}

# Sample size, power, smallest difference.
for (base in c(.02, .1, .3, .6)) for (uplift in c(.05, .15, .3)) for (power in c(.8, .9)) {
  n <- power.prop.test(p1 = base, p2 = base * (1 + uplift), power = power, tol = 1e-12)$n
  put(paste(base, uplift, power), "customers", n)
  h <- pwr.2p.test(h = ES.h(base * (1 + uplift), base), power = power)$n
  put(paste(base, uplift, power), "customers_arcsine", h)
}
for (n in c(200, 1000, 20000)) for (base in c(.05, .4)) {
  put(paste(n, base), "smallest", power.prop.test(n = n, p1 = base, power = .8, tol = 1e-12)$p2)
  put(paste(n, base), "power", power.prop.test(n = n, p1 = base, p2 = base * 1.15)$power)
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE, quote = FALSE)
