/* A module in C without a C library. hello(n) writes a greeting into the module's memory, n times, and answers how
   many bytes it wrote; greeting() tells where. */
static char text[4096];

__attribute__((export_name("greeting"))) char *greeting(void) { return text; }

__attribute__((export_name("hello"))) int hello(int times) {
  static const char line[] = "hello from C\n";
  int length = 0;
  for (int i = 0; i < times; i++)
    for (int j = 0; line[j] && length < (int)sizeof text; j++) text[length++] = line[j];
  return length;
}
