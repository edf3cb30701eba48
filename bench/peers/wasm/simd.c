/* Kernels on vectors of 128 bits, each a function of one number that answers a checksum. Compiled to WebAssembly alone:
   clang's vectors are the same for every machine. */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))

static uint8_t memory[8 << 20] __attribute__((aligned(16)));

/* The dot product of two arrays of 4,096 f32, many times. */
EXPORT(dot) int32_t dot(int32_t rounds) {
  float *a = (float *)memory, *b = a + 4096;
  for (int32_t i = 0; i < 4096; i++) { a[i] = (float)(i % 13); b[i] = (float)(i % 7); }
  float total = 0;
  for (int32_t round = 0; round < rounds; round++) {
    v128_t sums[4] = {wasm_f32x4_splat(0), wasm_f32x4_splat(0), wasm_f32x4_splat(0), wasm_f32x4_splat(0)};
    for (int32_t i = 0; i < 4096; i += 16)
      for (int32_t j = 0; j < 4; j++)
        sums[j] = wasm_f32x4_add(
            sums[j], wasm_f32x4_mul(wasm_v128_load(a + i + 4 * j), wasm_v128_load(b + i + 4 * j)));
    v128_t sum = wasm_f32x4_add(wasm_f32x4_add(sums[0], sums[1]), wasm_f32x4_add(sums[2], sums[3]));
    total += wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 3);
    a[round & 4095] += 1;
  }
  return (int32_t)total;
}

/* The mean of each byte and its two neighbours in a row, over an image of 1,024 by 1,024. */
EXPORT(blur) int32_t blur(int32_t rounds) {
  uint8_t *from = memory, *to = memory + (2 << 20);
  const int32_t size = 1 << 20;
  for (int32_t i = 0; i < size; i++) from[i] = (uint8_t)(i * 31 + (i >> 10));
  for (int32_t round = 0; round < rounds; round++) {
    for (int32_t i = 16; i < size - 16; i += 16) {
      v128_t sides = wasm_u8x16_avgr(wasm_v128_load(from + i - 1), wasm_v128_load(from + i + 1));
      wasm_v128_store(to + i, wasm_u8x16_avgr(sides, wasm_v128_load(from + i)));
    }
    uint8_t *swap = from; from = to; to = swap;
  }
  uint32_t hash = 0;
  for (int32_t i = 0; i < size; i += 97) hash = hash * 31 + from[i];
  return (int32_t)hash;
}

/* Mandelbrot, four points at once. */
EXPORT(mandelbrot4) int32_t mandelbrot4(int32_t size) {
  v128_t total = wasm_i32x4_splat(0), four = wasm_f32x4_splat(4), two = wasm_f32x4_splat(2);
  for (int32_t y = 0; y < size; y++)
    for (int32_t x = 0; x < size; x += 4) {
      v128_t step = wasm_f32x4_make((float)x, (float)(x + 1), (float)(x + 2), (float)(x + 3));
      v128_t cr = wasm_f32x4_sub(wasm_f32x4_mul(step, wasm_f32x4_splat(3.0f / (float)size)), two);
      v128_t ci = wasm_f32x4_splat(2.0f * (float)y / (float)size - 1.0f);
      v128_t zr = wasm_f32x4_splat(0), zi = zr, count = wasm_i32x4_splat(0);
      for (int32_t i = 0; i < 200; i++) {
        v128_t rr = wasm_f32x4_mul(zr, zr), ii = wasm_f32x4_mul(zi, zi);
        v128_t inside = wasm_f32x4_lt(wasm_f32x4_add(rr, ii), four);
        if (!wasm_v128_any_true(inside)) break;
        count = wasm_i32x4_sub(count, inside);
        zi = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_mul(two, zr), zi), ci);
        zr = wasm_f32x4_add(wasm_f32x4_sub(rr, ii), cr);
      }
      total = wasm_i32x4_add(total, count);
    }
  return wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1) + wasm_i32x4_extract_lane(total, 2)
      + wasm_i32x4_extract_lane(total, 3);
}

/* Counts the lines of 1 MiB of text: how often a byte is there. */
EXPORT(search) int32_t search(int32_t rounds) {
  const int32_t size = 1 << 20;
  for (int32_t i = 0; i < size; i++) memory[i] = (uint8_t)(i % 71 ? 'a' + i % 26 : '\n');
  int32_t found = 0;
  v128_t wanted = wasm_i8x16_splat('\n');
  for (int32_t round = 0; round < rounds; round++)
    for (int32_t i = 0; i < size; i += 16)
      found += __builtin_popcount(wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(memory + i), wanted)));
  return found;
}

/* For interpreters that call exports without arguments alone. */
#ifdef ONLY
EXPORT(run) int32_t run(void) { return ONLY(ARGUMENT); }
#endif
