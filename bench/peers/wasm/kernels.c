/* Eight kernels, each a function of one number that answers a checksum. The same file is compiled to WebAssembly and,
   as the measure of what the machine can do, by the system's compiler. */
#include <stdint.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

static uint8_t memory[8 << 20];

EXPORT(fib) int32_t fib(int32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT(sieve) int32_t sieve(int32_t rounds) {
  const int32_t size = 2000000;
  int32_t count = 0;
  for (int32_t round = 0; round < rounds; round++) {
    count = 0;
    for (int32_t i = 0; i < size; i++) memory[i] = 1;
    for (int32_t i = 2; i < size; i++) {
      if (!memory[i]) continue;
      count++;
      for (int32_t j = i + i; j < size; j += i) memory[j] = 0;
    }
  }
  return count;
}

EXPORT(matmul) int32_t matmul(int32_t n) {
  double *a = (double *)memory, *b = a + n * n, *c = b + n * n;
  for (int32_t i = 0; i < n * n; i++) { a[i] = i % 7; b[i] = i % 5; }
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) {
      double sum = 0;
      for (int32_t k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  return (int32_t)c[n * n - 1];
}

static void sort(int32_t *v, int32_t low, int32_t high) {
  while (low < high) {
    int32_t i = low, j = high, pivot = v[(low + high) / 2];
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) { int32_t t = v[i]; v[i++] = v[j]; v[j--] = t; }
    }
    if (j - low < high - i) { sort(v, low, j); low = i; } else { sort(v, i, high); high = j; }
  }
}

EXPORT(quicksort) int32_t quicksort(int32_t n) {
  int32_t *v = (int32_t *)memory;
  uint32_t seed = 1;
  for (int32_t i = 0; i < n; i++) { seed = seed * 1664525u + 1013904223u; v[i] = (int32_t)(seed >> 1); }
  sort(v, 0, n - 1);
  return v[n / 2];
}

static uint32_t rotate(uint32_t x, int32_t n) { return (x << n) | (x >> (32 - n)); }

EXPORT(sha) int32_t sha(int32_t rounds) {
  uint32_t w[64], s[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (int32_t i = 0; i < 16; i++) w[i] = (uint32_t)i * 0x9e3779b9u;
  for (int32_t round = 0; round < rounds; round++) {
    for (int32_t i = 16; i < 64; i++) {
      uint32_t x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (rotate(x, 25) ^ rotate(x, 14) ^ (x >> 3)) + w[i - 7] + (rotate(y, 15) ^ rotate(y, 13) ^ (y >> 10));
    }
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (int32_t i = 0; i < 64; i++) {
      uint32_t t1 = h + (rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7)) + ((e & f) ^ (~e & g)) + 0x428a2f98u + w[i];
      uint32_t t2 = (rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
    w[round & 15] ^= s[round & 7];
  }
  return (int32_t)s[0];
}

EXPORT(mandelbrot) int32_t mandelbrot(int32_t size) {
  int32_t total = 0;
  for (int32_t y = 0; y < size; y++)
    for (int32_t x = 0; x < size; x++) {
      double cr = 3.0 * x / size - 2.0, ci = 2.0 * y / size - 1.0, zr = 0, zi = 0;
      int32_t i = 0;
      for (; i < 200 && zr * zr + zi * zi < 4.0; i++) {
        double t = zr * zr - zi * zi + cr;
        zi = 2.0 * zr * zi + ci;
        zr = t;
      }
      total += i;
    }
  return total;
}

typedef uint32_t (*operation)(uint32_t, uint32_t);
static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t subtract(uint32_t a, uint32_t b) { return a - b; }
static uint32_t exclude(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t turn(uint32_t a, uint32_t b) { return rotate(a, (int32_t)(b & 15) + 1); }
static operation operations[4] = {add, subtract, exclude, turn};

EXPORT(indirect) int32_t indirect(int32_t n) {
  uint32_t value = 1;
  for (uint32_t i = 0; i < (uint32_t)n; i++) value = operations[(value ^ i) & 3](value, i);
  return (int32_t)value;
}

typedef struct node { int32_t key; struct node *left, *right; } node;

EXPORT(tree) int32_t tree(int32_t n) {
  node *nodes = (node *)memory, *root = nodes;
  uint32_t seed = 7;
  *root = (node){1 << 29, 0, 0};
  for (int32_t i = 1; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    int32_t key = (int32_t)(seed >> 2);
    node *at = root, **place;
    for (;;) {
      place = key < at->key ? &at->left : &at->right;
      if (!*place) break;
      at = *place;
    }
    nodes[i] = (node){key, 0, 0};
    *place = &nodes[i];
  }
  int32_t found = 0;
  seed = 7;
  for (int32_t i = 1; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    int32_t key = (int32_t)(seed >> 2);
    for (node *at = root; at; at = key < at->key ? at->left : at->right)
      if (at->key == key) { found++; break; }
  }
  return found;
}

/* For interpreters that call exports without arguments alone. */
#ifdef ONLY
EXPORT(run) int32_t run(void) { return ONLY(ARGUMENT); }
#endif

#ifndef __wasm__
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int count, char **words) {
  int runs = atoi(words[1]);
  static const struct { const char *name; int32_t (*run)(int32_t); } kernels[] = {
      {"fib", fib}, {"sieve", sieve}, {"matmul", matmul}, {"quicksort", quicksort},
      {"sha", sha}, {"mandelbrot", mandelbrot}, {"indirect", indirect}, {"tree", tree}};
  for (int k = 0; k + 2 < count && k < 8; k++) {
    volatile int32_t argument = atoi(words[k + 2]);
    double times[100];
    int32_t result = 0;
    for (int i = 0; i < runs + 2; i++) {
      double start = now();
      result = kernels[k].run(argument);
      if (i >= 2) times[i - 2] = now() - start;
    }
    qsort(times, runs, sizeof(double), ascending);
    printf("%s %.3f %d\n", kernels[k].name, times[runs / 2], result);
  }
}
#endif
