# Rscript make.R > expected.csv
suppressPackageStartupMessages(library(semTools))
dfs <- c(2, 10, 20, 50, 73, 85, 100)
cases <- list(
  close = c(.05, .08), "not-close" = c(.05, .01), exact = c(0, .05)
)
rows <- list()
for (test in names(cases)) {
  for (df in dfs) {
    ends <- cases[[test]]
    for (power in c(.5, .8, .95)) {
      least <- findRMSEAsamplesize(ends[1], ends[2], df, power = power)
      rows[[length(rows) + 1]] <- data.frame(
        test = test, df = df, n = least, kind = "minimum n", level = power, value = least
      )
    }
    for (n in c(60, 100, 250, 500, 1000)) {
      reached <- findRMSEApower(ends[1], ends[2], df, n)
      rows[[length(rows) + 1]] <- data.frame(
        test = test, df = df, n = n, kind = "power", level = .05, value = reached
      )
    }
  }
}
table <- do.call(rbind, rows)
table$value <- format(table$value, digits = 12)
write.csv(table, quote = FALSE, row.names = FALSE)
