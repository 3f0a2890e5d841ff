# Reference results of generalised linear models, by R's glm run to convergence.
#
#   python -m conformance.reference.glm_sets > build/glm_sets.json
#   Rscript conformance/reference/glm.R build/glm_sets.json conformance/reference/glm.json
#
# glm stops where the deviance no longer changes, and its matrices are as they come. So its estimates are the start
# of Fisher's steps with columns about their means, until these are rounding. Needs jsonlite, MASS and statmod.
# test_glm_reference.py compares the results with mpmath's.

suppressMessages({
  library(jsonlite)
  library(MASS)
  library(statmod)
})
invisible(Sys.setlocale("LC_COLLATE", "C"))
# The tolerance of glm's rank is a thousandth of this epsilon.
control <- glm.control(epsilon = 1e-10, maxit = 500)
`%or%` <- function(a, b) if (is.null(a)) b else a

power_of <- function(link) {
  named <- c(identity = 1, log = 0, inverse = -1, "1/mu^2" = -2, sqrt = 0.5)
  if (link %in% names(named)) named[[link]] else as.numeric(sub("mu^", "", link, fixed = TRUE))
}

family_of <- function(asked) {
  link <- asked$link
  linked <- function(family) if (is.null(link)) family() else family(link = make.link(link))
  # It takes the variance as it is written, not as it is valued.
  quasi_of <- function(stats, variance) eval(bquote(quasi(link = stats, variance = .(variance))))
  switch(asked$name,
    Gamma = linked(Gamma),
    inverse.gaussian = linked(inverse.gaussian),
    negative.binomial = do.call(negative.binomial, list(theta = asked$theta, link = link)),
    Tweedie = tweedie(var.power = asked$power, link.power = power_of(link)),
    quasi = quasi_of(
      if (startsWith(link, "mu^")) power(power_of(link)) else make.link(link), asked$variance
    ),
    linked(get(asked$name))
  )
}

# The rows as R has them: factors with their levels, rows of frequency k in k copies.
frame_of <- function(set) {
  # A column of nulls alone would be a list; there is none.
  frame <- as.data.frame(set$table, check.names = FALSE, stringsAsFactors = FALSE)
  for (name in names(set$factors)) {
    frame[[name]] <- factor(frame[[name]], levels = unlist(set$factors[[name]]))
  }
  frame$.offset <- (if (is.null(set$offset)) 0 else frame[[set$offset]]) +
    (if (is.null(set$exposure)) 0 else log(frame[[set$exposure]]))
  frame$.weight <- if (is.null(set$pweights)) 1 else frame[[set$pweights]]
  frame$.row <- seq_len(nrow(frame))
  if (!is.null(set$fweights)) frame <- frame[rep(frame$.row, frame[[set$fweights]]), ]
  frame
}

# "fb:hv" as "f=b, h=v", "x:fb" as "x for f=b".
our_name <- function(name, factors) {
  parts <- strsplit(name, ":", fixed = TRUE)[[1]]
  level <- vapply(parts, function(part) {
    for (factor in names(factors)) {
      rest <- substring(part, nchar(factor) + 1)
      if (startsWith(part, factor) && rest %in% factors[[factor]]) return(paste0(factor, "=", rest))
    }
    NA_character_
  }, "")
  cell <- paste(level[!is.na(level)], collapse = ", ")
  number <- parts[is.na(level)]
  if (length(number) == 0) cell else if (cell == "") name else paste(number, "for", cell)
}

# Fisher's steps from given estimates: the coefficients, and their errors over the root of the dispersion.
polish <- function(X, beta, fit) {
  offset <- fit$offset %or% 0
  prior <- fit$prior.weights
  family <- fit$family
  constant <- colnames(X)[1] == "(Intercept)"
  # Whole numbers, so that the difference is exact where the columns lie far from zero.
  center <- if (constant) c(0, round(colMeans(X[, -1, drop = FALSE]))) else rep(0, ncol(X))
  X <- sweep(X, 2, center)
  back <- diag(ncol(X)) # from coefficients about centers to those about zero
  if (constant) back[1, ] <- c(1, -center[-1])
  about <- backsolve(back, beta)
  last <- Inf
  for (pass in 1:1000) {
    eta <- drop(X %*% about) + offset
    mu <- family$linkinv(eta)
    slope <- family$mu.eta(eta)
    w <- prior * slope^2 / family$variance(mu)
    factored <- qr(sqrt(w) * X, tol = 1e-14)
    step <- qr.coef(factored, sqrt(w) * (fit$y - mu) / slope)
    beta <- drop(back %*% about)
    error <- sqrt(rowSums((back %*% backsolve(qr.R(factored), diag(ncol(X))))^2))
    size <- max(abs(drop(back %*% step)) / pmax(abs(beta), error))
    if (size == 0 || (size >= last && size < 1e-12)) break
    last <- size
    about <- about + step
  }
  if (size > 1e-12) stop("no convergence: ", size)
  list(
    beta = beta, error = error, mu = mu,
    pearson = sum(prior * (fit$y - mu)^2 / family$variance(mu)),
    deviance = sum(family$dev.resids(fit$y, mu, prior))
  )
}

# Of the constant alone, or of offsets alone.
null_deviance <- function(fit) {
  if (!attr(fit$terms, "intercept")) {
    mu <- fit$family$linkinv(fit$offset %or% rep(0, length(fit$y)))
    return(sum(fit$family$dev.resids(fit$y, mu, fit$prior.weights)))
  }
  constant <- matrix(1, length(fit$y), 1, dimnames = list(NULL, "(Intercept)"))
  start <- fit$family$linkfun(weighted.mean(fit$y, fit$prior.weights))
  polish(constant, start, fit)$deviance
}

# From the responses, or where that fails from a constant mean.
first_fit <- function(formula, family, frame) {
  fit <- function(...) {
    suppressWarnings(glm(formula, family, frame,
      weights = .weight, offset = .offset, control = control, na.action = na.omit, ...
    ))
  }
  environment(formula) <- environment()
  tryCatch(fit(), error = function(problem) {
    data <- model.frame(formula, frame)
    columns <- ncol(model.matrix(formula, data))
    fit(start = c(family$linkfun(mean(model.response(data))), rep(0, columns - 1)))
  })
}

answer <- function(set) {
  frame <- frame_of(set)
  family <- family_of(set$family)
  fit <- first_fit(as.formula(set$formula), family, frame)
  kept <- !is.na(coef(fit))
  found <- polish(model.matrix(fit)[, kept, drop = FALSE], coef(fit)[kept], fit)
  fixed <- family$family %in% c("binomial", "poisson") || startsWith(family$family, "Negative")
  dispersion <- if (fixed) 1 else found$pearson / fit$df.residual
  full <- function(values) replace(rep(NA_real_, length(kept)), kept, values)
  ones <- rep(1, length(found$mu))
  aic <- family$aic(fit$y, ones, found$mu, fit$prior.weights, found$deviance) + 2 * fit$rank
  # dbinom rounds trials.
  if (family$family == "binomial" && any(fit$prior.weights %% 1 != 0)) aic <- NA
  # Rows of the table, of which those with a mean; six of them are published.
  row <- frame$.row[setdiff(seq_len(nrow(frame)), fit$na.action)]
  some <- which(!duplicated(row))
  some <- some[unique(round(seq(1, length(some), length.out = 6)))]
  list(
    name = set$name,
    digest = set$digest,
    names = vapply(names(coef(fit)), our_name, "", factors = set$factors, USE.NAMES = FALSE),
    estimates = full(found$beta),
    std_errors = full(found$error * sqrt(dispersion)),
    deviance = found$deviance,
    null_deviance = null_deviance(fit),
    dispersion = dispersion,
    aic = aic,
    df = fit$df.residual,
    null_df = fit$df.null,
    rank = fit$rank,
    rows = row[some] - 1,
    fitted = unname(found$mu[some])
  )
}

given <- commandArgs(trailingOnly = TRUE)
sets <- read_json(given[1])
answers <- lapply(sets, function(set) {
  set$table <- lapply(set$table, function(column) {
    unlist(lapply(column, function(cell) if (is.null(cell)) NA else cell))
  })
  tryCatch(answer(set), error = function(problem) stop(set$name, ": ", conditionMessage(problem)))
})
# Seventeen digits, which toJSON does not have.
json <- function(values, list = length(values) != 1) {
  cells <- ifelse(is.na(values), "null", if (is.character(values)) {
    sprintf('"%s"', values)
  } else {
    sprintf("%.17g", values)
  })
  if (list) paste0("[", paste(cells, collapse = ","), "]") else cells
}
lists <- c("names", "estimates", "std_errors", "rows", "fitted")
lines <- vapply(answers, function(found) {
  fields <- vapply(names(found), function(key) {
    sprintf('"%s":%s', key, json(found[[key]], key %in% lists))
  }, "")
  paste0("{", paste(fields, collapse = ","), "}")
}, "")
writeLines(c(
  sprintf('{"R":"%s","MASS":"%s","statmod":"%s","sets":[', R.version.string,
    packageVersion("MASS"), packageVersion("statmod")),
  paste0(lines, ifelse(seq_along(lines) < length(lines), ",", "")),
  "]}"
), given[2])
