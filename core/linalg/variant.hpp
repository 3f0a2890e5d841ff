// All kernels of one instruction set, and their table INSITU_TABLE. See variant_vector.hpp for the
// macros.
#pragma once

#include "linalg/kernel_table.hpp"
#include "linalg/variant_dd.hpp"
#include "linalg/variant_gram.hpp"
#include "linalg/variant_log_link.hpp"
#include "linalg/variant_logistic.hpp"
#include "linalg/variant_math.hpp"
#include "linalg/variant_sums.hpp"

namespace insitu {

const KernelTable INSITU_TABLE = {
    .column_sum = INSITU_VARIANT::column_sum,
    .weighted_sum = INSITU_VARIANT::weighted_sum,
    .weighted_sum_dd = INSITU_VARIANT::weighted_sum_dd,
    .subtract = INSITU_VARIANT::subtract,
    .multiply = INSITU_VARIANT::multiply,
    .add_scaled = INSITU_VARIANT::add_scaled,
    .add_products = INSITU_VARIANT::add_products,
    .subtract_dd = INSITU_VARIANT::subtract_dd,
    .product_dd = INSITU_VARIANT::product_dd,
    .pow_int = INSITU_VARIANT::pow_int,
    .gram = INSITU_VARIANT::gram,
    .lane_norms = INSITU_VARIANT::lane_norms,
    .gram_dd = INSITU_VARIANT::gram_dd,
    .dd_add = INSITU_VARIANT::dd_add,
    .dd_axpy = INSITU_VARIANT::dd_axpy,
    .rank_one = INSITU_VARIANT::rank_one,
    .block_subtract = INSITU_VARIANT::block_subtract,
    .exp = INSITU_VARIANT::exp,
    .log = INSITU_VARIANT::log,
    .logistic_deviance = INSITU_VARIANT::logistic_deviance,
    .logistic_working = INSITU_VARIANT::logistic_working,
    .log_link_deviance = INSITU_VARIANT::log_link_deviance,
    .log_link_working = INSITU_VARIANT::log_link_working,
};

}  // namespace insitu
