/* What instances and calls are measured with: some data, a memory of 1 MiB, a call out. */
__attribute__((import_module("h"), import_name("nothing"))) void nothing(void);

static const char text[4096] = "some data";
static char scratch[4096];

__attribute__((export_name("run"))) int run(int at) {
  scratch[at & 4095] = 1;
  return text[at & 4095];
}

__attribute__((export_name("out"))) int out(int calls) {
  for (int i = 0; i < calls; i++) nothing();
  return calls;
}

__attribute__((export_name("spin"))) int spin(int n) {
  volatile int value = n;
  for (;;) value = value * 3 + 1;
}

__attribute__((export_name("fill"))) int fill(int n) {
  for (;;) __builtin_memset(scratch, n++, sizeof scratch);
}

__attribute__((export_name("storm"))) int storm(int n) {
  for (;;) nothing();
}
