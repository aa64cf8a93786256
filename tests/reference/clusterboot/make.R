# Jaccard stability of k-means clusters in R. Run here: Rscript make.R
library(cluster)
library(fpc)

rows <- list()
samples <- list()
draws <- 25
for (name in c("ruspini", "iris")) {
  points <- if (name == "ruspini") as.matrix(ruspini) else scale(as.matrix(iris[1:4]))
  for (k in 2:5) {
    # kmeansCBI draws nothing for the samples before they are made, but k-means itself draws;
    # the samples are written down by the method that clusters them.
    index <- list()
    partitions <- list()
    method <- function(data, k) {
      kept <- get0("bsamp", envir = parent.frame(), inherits = FALSE)
      if (!is.null(kept)) index[[length(index) + 1]] <<- kept
      fit <- kmeans(data, k, nstart = 100, iter.max = 200)
      partitions[[length(partitions) + 1]] <<- fit$cluster
      lists <- lapply(seq_len(k), function(j) fit$cluster == j)
      list(result = fit, nc = k, clusterlist = lists, partition = fit$cluster,
           clustermethod = "kmeans")
    }
    boot <- clusterboot(points, B = draws, bootmethod = "boot", clustermethod = method, k = k,
                        seed = 20261123 + k, count = FALSE)
    index <- tail(index, draws)
    own <- partitions[[length(partitions) - draws]]
    partitions <- tail(partitions, draws)
    stopifnot(all(own == boot$partition))
    stopifnot(length(index) == draws, all(sapply(index, anyDuplicated) == 0))
    for (b in seq_len(draws)) {
      order <- order(index[[b]])
      samples[[length(samples) + 1]] <- data.frame(
        data = name, k = k, draw = b, rows = paste(index[[b]][order] - 1, collapse = " "),
        clusters = paste(partitions[[b]][order] - 1, collapse = "")
      )
    }
    samples[[length(samples) + 1]] <- data.frame(
      data = name, k = k, draw = 0, rows = paste(seq_along(own) - 1, collapse = " "),
      clusters = paste(own - 1, collapse = "")
    )
    size <- sapply(boot$result$clusterlist, sum)
    rows[[length(rows) + 1]] <- data.frame(
      data = name, k = k, cluster = seq_len(k) - 1, size = size,
      jaccard = format(boot$bootmean, digits = 15, trim = TRUE),
      dissolved = boot$bootbrd, recovered = boot$bootrecover
    )
  }
}
write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, samples), "samples.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; fpc", as.character(packageVersion("fpc")), "\n")
