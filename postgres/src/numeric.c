/* numeric -> double from its base-10000 digits.
 *
 * Up to 2^53 the digits are an exact double, and so is a power of ten up to 10^22: one
 * multiplication or division then rounds once, correctly (Clinger 1990). PostgreSQL's own
 * conversion, by way of decimal text, does the rest. */
#include "insitu_pg.h"

#include "numeric.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* The stored form, which pg_upgrade keeps: a header of 16 bits (short) or 32, then base-10000
 * digits. */
#define HEADER_KIND 0xC000
#define HEADER_NEGATIVE 0x4000
#define HEADER_SHORT 0x8000
#define HEADER_SPECIAL 0xC000
#define SPECIAL_KIND 0xF000
#define SPECIAL_PLUS_INFINITY 0xD000
#define SPECIAL_MINUS_INFINITY 0xF000
#define SHORT_NEGATIVE 0x2000
#define SHORT_WEIGHT_NEGATIVE 0x0040
#define SHORT_WEIGHT 0x003F
#define BASE UINT64CONST(10000)

static const double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define LARGEST_POWER 22
#define LARGEST_EXACT (UINT64CONST(1) << 53)

/* Any numeric, by PostgreSQL's own way; beyond the doubles it gives HUGE_VAL. */
static double by_text(Datum numeric) {
  return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, numeric));
}

static uint64 digit_at(const char* data, int i) {
  int16 digit;

  memcpy(&digit, data + (Size)i * sizeof(digit), sizeof(digit));
  return (uint64)digit;
}

/* Up to four digits as one whole number; not a loop, since the lengths of a column's values vary.
 */
static uint64 read_digits(const char* data, int n) {
  switch (n) {
    case 1:
      return digit_at(data, 0);
    case 2:
      return digit_at(data, 0) * BASE + digit_at(data, 1);
    case 3:
      return (digit_at(data, 0) * BASE + digit_at(data, 1)) * BASE + digit_at(data, 2);
    default:
      return (digit_at(data, 0) * BASE + digit_at(data, 1)) * (BASE * BASE) +
             (digit_at(data, 2) * BASE + digit_at(data, 3));
  }
}

double insitu_numeric_to_double(Datum numeric) {
  const char* data = VARDATA_ANY(DatumGetPointer(numeric));
  int size = (int)VARSIZE_ANY_EXHDR(DatumGetPointer(numeric));
  uint16 header;
  bool negative;
  int weight;
  int n_digits;
  uint64 mantissa;
  int exponent;
  double value;

  memcpy(&header, data, sizeof(header));
  if ((header & HEADER_KIND) == HEADER_SPECIAL) {
    if ((header & SPECIAL_KIND) == SPECIAL_PLUS_INFINITY) return HUGE_VAL;
    if ((header & SPECIAL_KIND) == SPECIAL_MINUS_INFINITY) return -HUGE_VAL;
    return NAN;
  }
  data += sizeof(header);
  size -= (int)sizeof(header);
  if ((header & HEADER_KIND) == HEADER_SHORT) {
    negative = (header & SHORT_NEGATIVE) != 0;
    weight = header & SHORT_WEIGHT;
    if (header & SHORT_WEIGHT_NEGATIVE) weight |= ~SHORT_WEIGHT;
  } else {
    int16 stored;

    negative = (header & HEADER_KIND) == HEADER_NEGATIVE;
    memcpy(&stored, data, sizeof(stored));
    weight = stored;
    data += sizeof(stored);
    size -= (int)sizeof(stored);
  }
  n_digits = size / (int)sizeof(int16);
  if (n_digits == 0) return 0.0;
  if (n_digits > 5) return by_text(numeric);

  mantissa = read_digits(data, n_digits);
  if (n_digits == 5) {
    if (mantissa > PG_UINT64_MAX / BASE - 1) return by_text(numeric);
    mantissa = mantissa * BASE + digit_at(data, 4);
  }
  exponent = 4 * (weight - (n_digits - 1));
  while (mantissa > LARGEST_EXACT && mantissa % 10 == 0) {
    mantissa /= 10;
    ++exponent;
  }
  if (mantissa > LARGEST_EXACT || exponent > LARGEST_POWER || exponent < -LARGEST_POWER)
    return by_text(numeric);
  value = (double)mantissa;
  value = exponent < 0 ? value / kPowersOfTen[-exponent] : value * kPowersOfTen[exponent];
  return negative ? -value : value;
}
