# Sample sizes. Run here: Rscript make.R (R 4.2.2, pwr 1.3-0)
suppressMessages(library(pwr))
rows <- list()
put <- function(test, n, a, b, c, alpha, value) {
  rows[[length(rows) + 1]] <<- data.frame(
    test = test, n = n, a = a, b = b, c = c, alpha = alpha,
    value = format(value, digits = 15, trim = TRUE))
}
for (alpha in c(.01, .05, .1)) {
  for (n in c(5, 50, 394)) for (d in c(.05, .2, .5, .8))
    put("two_groups", n, d, 0, 0, alpha,
        pwr.t.test(n = n, d = d, sig.level = alpha, type = "two.sample")$power)
  for (n in c(5, 40, 300)) for (k in c(3, 4, 10)) for (f in c(.1, .25, .4))
    put("groups", n, f, k, 0, alpha, pwr.anova.test(k = k, n = n, f = f, sig.level = alpha)$power)
  for (n in c(6, 85, 783)) for (r in c(.1, .3, .5))
    put("correlation", n, r, 0, 0, alpha, pwr.r.test(n = n, r = r, sig.level = alpha)$power)
  for (n in c(20, 100, 800)) for (f2 in c(.01, .02, .15)) {
    put("regression", n, f2, 1, 3, alpha, pwr.f2.test(u = 1, v = n - 4, f2 = f2, sig.level = alpha)$power)
    put("regression", n, f2, 2, 5, alpha, pwr.f2.test(u = 2, v = n - 6, f2 = f2, sig.level = alpha)$power)
    put("regression", n, f2, 5, 5, alpha, pwr.f2.test(u = 5, v = n - 6, f2 = f2, sig.level = alpha)$power)
  }
  for (n in c(20, 200, 900)) for (p in c(.06, .1, .3))
    put("share", n, .05, p, 0, alpha,
        pwr.p.test(h = ES.h(p, .05), n = n, sig.level = alpha)$power)
}
# Needed sizes, in fractions of a case.
for (power in c(.8, .95)) {
  for (d in c(.1, .2, .5)) put("n_two_groups", NA, d, 0, power, .05, pwr.t.test(d = d, power = power)$n)
  for (f in c(.05, .1, .25)) put("n_groups", NA, f, 4, power, .05, pwr.anova.test(k = 4, f = f, power = power)$n)
  for (r in c(.1, .3)) put("n_correlation", NA, r, 0, power, .05, pwr.r.test(r = r, power = power)$n)
  for (f2 in c(.01, .02, .15)) put("n_regression", NA, f2, 1, power, .05, pwr.f2.test(u = 1, f2 = f2, power = power)$v + 4)
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE, quote = FALSE)
