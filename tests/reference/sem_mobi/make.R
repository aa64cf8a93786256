# Rscript make.R mobi.csv > expected.csv
source("../sem_lavaan/collect.R")

admissible <- "
  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
  value =~ PERV1 + PERV2
  satisfaction =~ CUSA1 + CUSA2 + CUSA3
  loyalty =~ CUSL1 + CUSL3
  value ~ a*quality
  satisfaction ~ b*quality + c*value
  loyalty ~ d*satisfaction
  quality_satisfaction_indirect := a*c
  quality_satisfaction_total := b + a*c
  quality_loyalty_route_value := a*c*d
  quality_loyalty_route_satisfaction := b*d
  quality_loyalty_indirect := b*d + a*c*d
  value_loyalty_indirect := c*d
"
full <- "
  image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
  expectation =~ CUEX1 + CUEX2 + CUEX3
  quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
  value =~ PERV1 + PERV2
  satisfaction =~ CUSA1 + CUSA2 + CUSA3
  complaints =~ CUSCO
  loyalty =~ CUSL1 + CUSL2 + CUSL3
  expectation ~ image
  quality ~ expectation
  value ~ expectation + quality
  satisfaction ~ image + expectation + quality + value
  complaints ~ satisfaction
  loyalty ~ image + satisfaction + complaints
"
scales <- list(
  image = paste0("IMAG", 1:5), expectation = paste0("CUEX", 1:3), quality = paste0("PERQ", 1:7),
  value = paste0("PERV", 1:2), satisfaction = paste0("CUSA", 1:3), loyalty = paste0("CUSL", 1:3)
)

publish(
  collect(fit_exactly(admissible, survey), "admissible"),
  collect(fit_exactly(admissible, survey, likelihood = "wishart"), "admissible n-1"),
  collect(fit_exactly(full, survey, steps = 200), "full"),
  alphas(survey, scales, "full"),
  describe_items(survey[unlist(scales)])
)
