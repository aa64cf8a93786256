# The gap statistic in R. Run here: Rscript make.R
# cluster::clusGap draws its references itself; the function that it calls to cluster them
# writes them down, so that another program can use the same ones.
library(cluster)

fit <- function(x, k) kmeans(x, k, nstart = 100, iter.max = 200)
largest <- 6
draws <- 6
rows <- list()
references <- list()
within <- list()

for (name in c("ruspini", "iris")) {
  points <- if (name == "ruspini") as.matrix(ruspini) else scale(as.matrix(iris[1:4]))
  attr(points, "scaled:center") <- attr(points, "scaled:scale") <- NULL
  for (space in if (name == "ruspini") c("scaledPCA", "original") else "scaledPCA") {
    # Few draws, the same ones written down.
    drawn <- list()
    reached <- list()
    keep <- function(x, k) {
      found <- fit(x, k)
      drawn[[length(drawn) + 1]] <<- x
      reached[[length(reached) + 1]] <<- found$tot.withinss
      found
    }
    set.seed(20261123)
    small <- clusGap(points, keep, largest, B = draws, d.power = 2, spaceH0 = space,
                     verbose = FALSE)
    # FUNcluster is not called for k = 1: five calls for the data, five for each reference.
    first <- drawn[seq(length(drawn) - draws * (largest - 1) + 1, length(drawn), largest - 1)]
    stopifnot(length(first) == draws)
    # clusGap sums halved squared distances of pairs: half the within sum of squares.
    sums <- matrix(tail(unlist(reached), draws * (largest - 1)), draws, byrow = TRUE)
    for (b in seq_along(first)) {
      single <- sum(scale(first[[b]], scale = FALSE)^2)
      within[[length(within) + 1]] <- data.frame(
        data = name, space = space, draw = b, k = seq_len(largest),
        logW = format(log(c(single, sums[b, ]) / 2), digits = 15, trim = TRUE)
      )
      table <- as.data.frame(first[[b]])
      colnames(table) <- paste0("x", seq_len(ncol(table)))
      while (ncol(table) < 4) table[[paste0("x", ncol(table) + 1)]] <- NA
      references[[length(references) + 1]] <- cbind(data = name, space = space, draw = b, table)
    }
    # Many draws, to be met within their error.
    set.seed(20261124)
    many <- clusGap(points, function(x, k) kmeans(x, k, nstart = 10, iter.max = 200), largest,
                    B = 1000, d.power = 2, spaceH0 = space, verbose = FALSE)
    for (size in c("few", "many")) {
      tab <- if (size == "few") small$Tab else many$Tab
      rows[[length(rows) + 1]] <- data.frame(
        data = name, space = space, draws = size, k = seq_len(largest),
        apply(tab, 2, format, digits = 15, trim = TRUE),
        firstSEmax = maxSE(tab[, "gap"], tab[, "SE.sim"], "firstSEmax"),
        Tibs2001SEmax = maxSE(tab[, "gap"], tab[, "SE.sim"], "Tibs2001SEmax")
      )
    }
  }
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, within), "within.csv", row.names = FALSE, quote = FALSE)
numbers <- do.call(rbind, references)
values <- grepl("^x", colnames(numbers))
numbers[values] <- lapply(numbers[values], function(x) ifelse(is.na(x), "", format(x, digits = 15, trim = TRUE)))
write.csv(numbers, "references.csv", row.names = FALSE, quote = FALSE)

# The rules on curves of every shape.
set.seed(20261125)
curves <- list()
for (i in 1:60) {
  gap <- round(cumsum(rnorm(8, 0.02, 0.1)), 3)
  error <- round(runif(8, 0.005, 0.12), 3)
  curves[[i]] <- data.frame(
    curve = i, k = 1:8, gap = gap, error = error,
    firstSEmax = maxSE(gap, error, "firstSEmax"),
    Tibs2001SEmax = maxSE(gap, error, "Tibs2001SEmax")
  )
}
write.csv(do.call(rbind, curves), "rules.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; cluster", as.character(packageVersion("cluster")), "\n")
