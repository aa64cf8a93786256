# Latent class models of binary items in R, by e1071::lca (EM from one random start;
# the best of 200). Run here: Rscript make.R
library(e1071)

# Stouffer and Toby's role conflict items, 216 respondents (Goodman 1974, table 1);
# the last item changes fastest, 1 = universalistic.
counts <- c(42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20)
cells <- expand.grid(D = 1:2, C = 1:2, B = 1:2, A = 1:2)[, 4:1]
conflict <- as.matrix(cells[rep(1:16, counts), ])

# Seven items of three classes, 800 cases.
set.seed(20260104)
shares <- matrix(c(.9, .8, .9, .7, .2, .1, .2, .2, .1, .3, .8, .9, .7, .9,
                   .1, .7, .2, .8, .1, .8, .2), nrow = 3, byrow = TRUE)
class <- sample(1:3, 800, replace = TRUE, prob = c(.5, .3, .2))
seven <- matrix(as.integer(runif(800 * 7) < shares[class, ]), ncol = 7)
colnames(seven) <- paste0("item_", 1:7)

best_of <- function(x, k) {
  set.seed(1)
  fits <- lapply(1:200, function(i) lca(x, k, niter = 3000))
  fits[[which.max(sapply(fits, function(fit) fit$logl))]]
}

describe <- function(name, x, k) {
  fit <- best_of(x, k)
  order <- order(-fit$classprob)
  p <- fit$p[order, , drop = FALSE] # probability of 1 in each class (rows), item (columns)
  data.frame(
    data = name, k = k,
    quantity = c("log_likelihood", "bic", paste0("weight_", 1:k),
                 paste0("share_", rep(1:k, each = ncol(x)), "_", rep(1:ncol(x), k))),
    value = c(fit$logl, fit$bic, fit$classprob[order], as.vector(t(p)))
  )
}

result <- rbind(
  describe("conflict", 2 - conflict, 2),
  describe("seven", seven, 2),
  describe("seven", seven, 3)
)
result$value <- format(result$value, digits = 12, trim = TRUE)
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(seven, "seven.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; e1071", as.character(packageVersion("e1071")), "\n")
