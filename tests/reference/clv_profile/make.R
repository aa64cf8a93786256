# Profile-likelihood intervals of BG/NBD and Gamma-Gamma on CDNOW, base R only.
# Rscript make.R CDNOW_sample.txt > expected.csv
path <- commandArgs(trailingOnly = TRUE)[1]
log <- read.table(path, colClasses = c("character", "character", "character", "numeric", "numeric"))
names(log) <- c("master", "id", "date", "cds", "spend")
log$day <- as.Date(log$date, "%Y%m%d")
end <- as.Date("1997-09-30")
days <- aggregate(spend ~ id + day, log[log$day <= end, ], sum)
days <- days[order(days$id, days$day), ]
by <- split(days, days$id)
x <- sapply(by, nrow) - 1
first <- sapply(by, function(d) as.numeric(d$day[1]))
last <- sapply(by, function(d) as.numeric(d$day[nrow(d)]))
t_x <- (last - first) / 7
T <- (as.numeric(end) - first) / 7
m <- sapply(by, function(d) if (nrow(d) > 1) mean(d$spend[-1]) else NA)

bg_nbd <- function(l) {
  p <- exp(l); r <- p[1]; alpha <- p[2]; a <- p[3]; b <- p[4]
  common <- lgamma(r + x) - lgamma(r) + r * log(alpha) + lgamma(a + b) - lgamma(b) +
    lgamma(b + x) - lgamma(a + b + x)
  active <- -(r + x) * log(alpha + T)
  gone <- ifelse(x > 0, log(a) - log(b + pmax(x, 1) - 1) - (r + x) * log(alpha + t_x), -Inf)
  top <- pmax(active, gone)
  sum(common + top + log(exp(active - top) + exp(gone - top)))
}
back <- x > 0 & m > 0
gamma_gamma <- function(l) {
  v <- exp(l); p <- v[1]; q <- v[2]; g <- v[3]; n <- x[back]; z <- m[back]
  sum(lgamma(p * n + q) - lgamma(p * n) - lgamma(q) + q * log(g) + (p * n - 1) * log(z) +
    p * n * log(n) - (p * n + q) * log(g + n * z))
}
maximise <- function(f, start) {
  best <- start
  for (i in 1:6) {
    best <- nlminb(best, function(l) -f(l),
      control = list(rel.tol = 1e-15, x.tol = 1e-12, eval.max = 5000, iter.max = 5000))$par
  }
  list(par = best, value = f(best))
}
profile <- function(f, top, held, level) {
  z <- qnorm((1 + level) / 2)
  se <- sqrt(diag(solve(-optimHess(top$par, f))))
  sapply(c(-1, 1), function(side) {
    others <- top$par[-held]
    fall <- function(at) {
      whole <- function(o) { l <- numeric(length(top$par)); l[held] <- at; l[-held] <- o; f(l) }
      found <- maximise(whole, others)
      others <<- found$par
      2 * (top$value - found$value) - z^2
    }
    ends <- sort(top$par[held] + side * c(0.6, 1.6) * z * se[held])
    exp(uniroot(fall, ends, tol = 1e-9)$root)
  })
}
cat("model,parameter,level,estimate,lower,upper,log_likelihood\n")
for (model in c("BG/NBD", "Gamma-Gamma")) {
  f <- if (model == "BG/NBD") bg_nbd else gamma_gamma
  names <- if (model == "BG/NBD") c("r", "alpha", "a", "b") else c("p", "q", "v")
  top <- maximise(f, if (model == "BG/NBD") log(c(.3, 5, 1, 2)) else log(c(5, 4, 20)))
  for (level in c(.9, .95)) for (held in seq_along(names)) {
    ends <- profile(f, top, held, level)
    cat(sprintf("%s,%s,%g,%.10g,%.10g,%.10g,%.10g\n", model, names[held], level,
      exp(top$par[held]), ends[1], ends[2], top$value))
  }
}
