// durable - QoS 1 load for kept sessions: what is stored, acknowledged, kept over a restart and handed out again
// (MQTT 3.1.1, C11, Linux, libc; one thread, one epoll loop).
//
//   cc -O2 -std=gnu11 -o durable durable.c
//
// Session i is the client id `kept-<i>` with a subscription to `kept/<i>`; with --filters 2 every other one has a second
// subscription, to `group/<i % 1000>/+`. Publisher p of P sends to the sessions p, p + P, p + 2P ... in turn, and message
// r of a session carries {magic, session, r}. So whoever reads a session knows what must come, and in which order.
// Output: one JSON line.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
#define READ_BYTES (1u << 20)
#define BATCH_BYTES (1u << 18)          // what one publisher writes at once, at most
#define SOURCES 200                     // loopback addresses that connections come from
#define MAGIC 0x6b657074u
#define HEAD 12                         // bytes of a payload that say what it is
#define CELLS 7552                      // of a histogram: 128 per octave, so within 0.8 %
static const char *HELP =
"usage: durable MODE --port N [options]      prints one JSON line\n"
"  sessions   makes --sessions kept sessions from --first on and leaves them offline\n"
"  publish    --pubs publishers with --window messages under way each, for --seconds or for --rounds messages a session;\n"
"             --online 1: the sessions are connected meanwhile and acknowledge at once\n"
"  drain      connects --sample sessions from --first on and acknowledges until --rounds messages have come to each\n"
"  probe      connects --sample random sessions, one after the other: time to CONNACK and to its last message of --rounds\n"
"options (default)\n"
"  --sessions N (1000)  --first N (0)  --filters 1|2 (1)  --conc N: connecting at once (256)\n"
"  --pubs N (1)  --window N (1)  --size BYTES (256)  --seconds S (5)  --warmup S (1)  --rounds N\n"
"  --rate N: messages a second of all publishers, each timed from when it was due (as fast as the window allows)\n"
"  --sample N (1000; drain: 1)  --seed N (1)  --pid N: the broker, for its CPU, writes and memory\n";

enum { M_SESSIONS, M_PUBLISH, M_DRAIN, M_PROBE };
enum { R_PUBLISHER, R_SESSION };
enum { C_TCP, C_WAIT, C_READY };
static struct {
  int mode, port, sessions, first, filters, conc, pubs, window, size, rounds, online, sample, pid; double seconds, warmup, rate; u64 seed;
} o = {.sessions = 1000, .filters = 1, .conc = 256, .pubs = 1, .window = 1, .size = 256, .sample = -1, .seconds = 5, .warmup = 1, .seed = 1};

typedef struct Conn {
  int fd; u8 role, state, armed; u32 id; u8 *in, *out; u32 inlen, incap, outlen, outcap; u64 begun;
  u32 target, round, unacked; u64 quota, sent, *at; u16 *freed;   // a publisher
  u32 next, wanted, answers;                                      // a session: the message that must come, how many in all
} Conn;
static int ep, source, sending, busy; static u8 *input, *batch; static Conn *pubs, *sessions;
static u64 w0 = ~0ull, w1 = ~0ull, puback[CELLS], connack[CELLS], whole[CELLS], late[CELLS];
static u64 acked, acked_in, received, received_in, wrong, again, absent, finished; static char first_wrong[200];

static u64 now(void) { struct timespec s; clock_gettime(CLOCK_MONOTONIC, &s); return s.tv_sec * 1000000000ull + s.tv_nsec; }
static void die(const char *f, ...) {
  va_list a; va_start(a, f); fprintf(stderr, "durable: "); vfprintf(stderr, f, a); fputc('\n', stderr); exit(1);
}
static void *room(void *p, size_t bytes) { p = realloc(p, bytes); if (!p) die("no memory"); return p; }
static void note(const char *f, ...) {
  if (!wrong++) { va_list a; va_start(a, f); vsnprintf(first_wrong, sizeof first_wrong, f, a); va_end(a); }
}
static u64 chance(void) {
  o.seed += 0x9E3779B97F4A7C15ull; u64 z = o.seed; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull; z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

// ---- histograms of nanoseconds -----------------------------------------------------------------------
static void count(u64 *cells, u64 ns) {
  int cell = ns;
  if (ns >= 128) { int octave = 63 - __builtin_clzll(ns); cell = (octave - 6) * 128 + (ns >> (octave - 7) & 127); }
  cells[cell]++;
}
static double microseconds(const u64 *cells, double share) {
  u64 all = 0, seen = 0; for (int i = 0; i < CELLS; i++) all += cells[i];
  for (int i = 0; i < CELLS; i++) if ((seen += cells[i]) > share * all || seen == all) {
    if (i < 128) return i / 1e3;
    int octave = i / 128 + 6; return ((1ull << octave) + ((u64)(i % 128) << (octave - 7))) / 1e3;
  }
  return 0;
}

// ---- the broker's process ------------------------------------------------------------------------------
typedef struct { double cpu; u64 written, wall; long rss; } Usage;
static long line_of(const char *file, const char *format) {
  char name[64], line[512]; long value = 0; snprintf(name, sizeof name, "/proc/%d/%s", o.pid, file);
  FILE *f = fopen(name, "r"); if (!f) return 0;
  while (fgets(line, sizeof line, f)) if (sscanf(line, format, &value) == 1) break;
  fclose(f); return value;
}
static Usage usage(void) {
  Usage u = {.wall = now()}; if (!o.pid) return u;
  char name[64], text[1024]; snprintf(name, sizeof name, "/proc/%d/stat", o.pid); int fd = open(name, O_RDONLY);
  ssize_t k = fd < 0 ? 0 : read(fd, text, sizeof text - 1); if (fd >= 0) close(fd);
  if (k > 0) {
    text[k] = 0; char *p = strrchr(text, ')'); unsigned long user = 0, system = 0;
    if (p) sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    u.cpu = (double)(user + system) / sysconf(_SC_CLK_TCK);
  }
  u.written = line_of("io", "write_bytes: %ld"); u.rss = line_of("status", "VmRSS: %ld"); return u;
}

// ---- sockets -------------------------------------------------------------------------------------------
static void arm(Conn *c, int out) {
  if (c->armed == out) return;
  c->armed = out; struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void put(Conn *c, const u8 *p, u32 len) {
  if (!c->outlen) { ssize_t k = send(c->fd, p, len, MSG_NOSIGNAL); if (k > 0) { p += k; len -= k; } }
  if (!len) return;
  if (c->outlen + len > c->outcap) c->out = room(c->out, c->outcap = (c->outlen + len) * 2);
  memcpy(c->out + c->outlen, p, len); c->outlen += len; arm(c, 1);
}
static void hang_up(Conn *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1; free(c->in); free(c->out); c->in = c->out = NULL; c->inlen = c->incap = c->outlen = c->outcap = 0;
}
static void dial(Conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); int one = 1; if (c->fd < 0) die("socket: %s", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002u + source++ % SOURCES)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(o.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(c->fd, (void *)&from, sizeof from)) die("bind: %s", strerror(errno));
  if (connect(c->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) die("connect: %s", strerror(errno));
  c->state = C_TCP; c->armed = 1; c->answers = 0; c->begun = now(); busy++;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

// ---- packets -------------------------------------------------------------------------------------------
static u8 *length(u8 *p, u32 v) { do { u8 b = v & 127; v >>= 7; *p++ = b | (v ? 128 : 0); } while (v); return p; }
static u8 *text(u8 *p, const char *f, ...) {
  va_list a; va_start(a, f); int k = vsnprintf((char *)p + 2, 60, f, a); va_end(a); p[0] = k >> 8; p[1] = k; return p + 2 + k;
}
static u8 *frame(u8 *to, u8 type, const u8 *body, const u8 *end) {
  *to++ = type; to = length(to, end - body); memcpy(to, body, end - body); return to + (end - body);
}
static int filters_of(u32 id) { return 1 + (o.filters > 1 && id % 2); }
static int subscribes(const Conn *c) { return c->role == R_SESSION && (o.mode == M_SESSIONS || o.mode == M_PUBLISH); }
static void greet(Conn *c) {            // CONNECT, and SUBSCRIBE behind it without waiting [MQTT-3.1.4-5]
  u8 body[256], all[600], *p = body, *q = all; int kept = c->role == R_SESSION;
  p = text(p, "MQTT"); *p++ = 4; *p++ = kept ? 0 : 2; *p++ = 600 >> 8; *p++ = 600 & 255;
  p = kept ? text(p, "kept-%u", c->id) : text(p, "publisher-%d-%u", getpid(), c->id);
  q = frame(q, 0x10, body, p);
  if (subscribes(c)) {
    p = body; *p++ = 0; *p++ = 1; p = text(p, "kept/%u", c->id); *p++ = 1;
    if (filters_of(c->id) > 1) { p = text(p, "group/%u/+", c->id % 1000); *p++ = 1; }
    q = frame(q, 0x82, body, p);
  }
  c->state = C_WAIT; put(c, all, q - all);
}
static u8 *message(Conn *c, u8 *to, u16 packet) {
  u32 id = o.first + c->target, head[3] = {MAGIC, id, c->round}; u8 topic[64], *end = text(topic, "kept/%u", id);
  *to++ = 0x32; to = length(to, end - topic + 2 + o.size); memcpy(to, topic, end - topic); to += end - topic;
  *to++ = packet >> 8; *to++ = packet; memcpy(to, head, HEAD); memset(to + HEAD, 'x', o.size - HEAD);
  c->target += o.pubs; if (c->target >= (u32)o.sessions) { c->target = c->id; c->round++; }
  return to + o.size;
}
static void pump(Conn *c) {
  while (sending && !o.rate && c->state == C_READY && !c->outlen && c->unacked < (u32)o.window && c->sent < c->quota) {
    u8 *p = batch; u64 at = now();
    while (c->unacked < (u32)o.window && c->sent < c->quota && p - batch < BATCH_BYTES - o.size - 100) {
      u16 slot = c->freed[o.window - 1 - c->unacked++]; c->at[slot] = at; c->sent++; p = message(c, p, slot + 1);
    }
    put(c, batch, p - batch);
  }
}

// ---- what the server says --------------------------------------------------------------------------------
static void finish(Conn *c) { put(c, (const u8 *)"\xe0\0", 2); hang_up(c); finished++; }
static void answered(Conn *c) {         // CONNACK, and SUBACK where one is due
  if (++c->answers < 1u + subscribes(c)) return;
  c->state = C_READY; busy--;
  if (o.mode == M_SESSIONS) finish(c); else if (o.mode == M_PROBE && !c->wanted) finish(c);
}
static void got_connack(Conn *c, const u8 *p) {
  if (p[1]) die("CONNACK code %d to %s %u", p[1], c->role == R_SESSION ? "session" : "publisher", c->id);
  if (c->role == R_SESSION && !(p[0] & 1) && o.mode >= M_DRAIN) { absent++; note("session %u is not there any more", c->id); }
  count(connack, now() - c->begun); answered(c);
}
static void got_message(Conn *c, u8 flags, const u8 *p, u32 len, u64 at) {
  u32 skip = 4 + (p[0] << 8 | p[1]), head[3];
  if (len < skip + HEAD) { note("a message of %u bytes", len); return; }
  memcpy(head, p + skip, HEAD); received++; received_in += at >= w0 && at < w1;
  if (head[0] != MAGIC || head[1] != c->id) note("session %u got a message of session %u", c->id, head[1]);
  else if (head[2] == c->next) c->next++;
  else if (head[2] < c->next && flags & 8) again++;
  else { note("session %u got message %u and not %u", c->id, head[2], c->next); if (head[2] > c->next) c->next = head[2] + 1; }
}
static void got_puback(Conn *c, u16 packet, u64 at) {
  if (packet < 1 || packet > o.window || !c->at[packet - 1]) die("PUBACK of %u, which is not under way", packet);
  u64 sent = c->at[packet - 1]; c->at[packet - 1] = 0; c->freed[o.window - c->unacked--] = packet - 1; acked++;
  if (at >= w0 && at < w1) { acked_in++; count(puback, at - sent); }
}
static u32 parse(Conn *c, const u8 *b, u32 len) {   // whole packets of it; acknowledges them in one write
  u32 i = 0, acks = 0; u64 at = now();
  while (c->fd >= 0 && len - i >= 2) {
    u32 size = 0, used = i + 1; int shift = 0, has_length = 0;
    while (used < len && shift < 28) { u8 x = b[used++]; size |= (x & 127u) << shift; shift += 7; if (x < 128) { has_length = 1; break; } }
    if (!has_length || len - used < size) break;
    const u8 *p = b + used; u8 head = b[i]; i = used + size;
    switch (head >> 4) {
    case 2: got_connack(c, p); break;
    case 9: if (p[size - 1] >= 0x80) die("SUBACK 0x%02X to session %u", p[size - 1], c->id); answered(c); break;
    case 4: got_puback(c, p[0] << 8 | p[1], at); break;
    case 3:
      got_message(c, head & 15, p, size, at);
      if (head & 6) { const u8 *packet = p + 2 + (p[0] << 8 | p[1]); u8 *a = batch + acks; a[0] = 0x40; a[1] = 2; a[2] = packet[0]; a[3] = packet[1]; acks += 4; }
      break;
    default: die("a packet of type %d", head >> 4);
    }
    if (acks > BATCH_BYTES - 8) { put(c, batch, acks); acks = 0; }
  }
  if (acks && c->fd >= 0) put(c, batch, acks);
  return i;
}
static void readable(Conn *c) {
  if (c->inlen) memcpy(input, c->in, c->inlen);
  ssize_t k = recv(c->fd, input + c->inlen, READ_BYTES - c->inlen, 0);
  if (k < 0 && errno == EAGAIN) return;
  if (k <= 0) die("the server has closed the connection of %s %u", c->role == R_SESSION ? "session" : "publisher", c->id);
  u32 all = c->inlen + k; c->inlen = 0;
  u32 used = parse(c, input, all);
  if (c->fd < 0) return;
  if ((c->inlen = all - used)) { if (c->inlen > c->incap) c->in = room(c->in, c->incap = c->inlen * 2); memcpy(c->in, input + used, c->inlen); }
  if (c->role == R_PUBLISHER) pump(c);
  else if (c->state == C_READY && c->wanted && c->next >= c->wanted) { count(whole, now() - c->begun); finish(c); }
}
static void writable(Conn *c) {
  if (c->state == C_TCP) {
    int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l); if (e) die("connect: %s", strerror(e));
    greet(c);
  }
  if (c->outlen) {
    ssize_t k = send(c->fd, c->out, c->outlen, MSG_NOSIGNAL);
    if (k > 0) { memmove(c->out, c->out + k, c->outlen - k); c->outlen -= k; }
  }
  if (c->outlen) return;
  arm(c, 0); if (c->role == R_PUBLISHER) pump(c);
}
static int turn(int ms) {
  static struct epoll_event e[512]; int k = epoll_wait(ep, e, 512, ms);
  for (int i = 0; i < k; i++) {
    Conn *c = e[i].data.ptr;
    if (c->fd >= 0 && e[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(c);
    if (c->fd >= 0 && e[i].events & EPOLLOUT) writable(c);
  }
  return k;
}
static void until(const char *what, int (*done)(void)) {   // half a minute without an event is a failure
  for (u64 last = now(); !done();) {
    if (turn(100)) last = now();
    else if (now() - last > 30000000000ull)
      die("%s: nothing for half a minute; %lu acknowledged, %lu received, %lu wrong", what, acked, received, wrong);
  }
}

// ---- modes -----------------------------------------------------------------------------------------------
static Conn *conns(int count, u8 role) {
  Conn *all = calloc(count, sizeof *all); if (!all) die("no memory");
  for (int i = 0; i < count; i++) { all[i].fd = -1; all[i].role = role; all[i].id = i + (role == R_SESSION ? o.first : 0); }
  return all;
}
static int nobody_connects(void) { return !busy; }
static int a_place_is_free(void) { return busy < o.conc; }
static void connect_all(Conn *all, int count) {
  for (int i = 0; i < count; i++) { until("connecting", a_place_is_free); dial(&all[i]); }
  until("connecting", nobody_connects);
}
static void make_sessions(void) {       // a window of connections that is used again and again
  Conn *all = conns(o.conc, R_SESSION);
  for (int i = 0; i < o.sessions; i++) {
    Conn *c = NULL; static int place;
    while (!c) { for (int k = 0; k < o.conc && !c; k++) { place = (place + 1) % o.conc; if (all[place].fd < 0) c = &all[place]; } if (!c) turn(100); }
    c->id = o.first + i; dial(c); if (i % 16 == 0) turn(0);
  }
  until("making sessions", nobody_connects);
}
static int all_acked(void) {
  for (int p = 0; p < o.pubs; p++) if (pubs[p].unacked || pubs[p].sent < (sending ? pubs[p].quota : 0)) return 0;
  return 1;
}
static int all_delivered(void) { return !o.online || received - again >= acked; }
static void send_due(void) {            // a stall is charged to every message that it delayed
  static u64 due; static u32 place; u64 step = 1e9 / o.rate; if (!due) due = now();
  for (; due <= now(); due += step) {
    Conn *c = &pubs[place % o.pubs]; if (c->unacked >= (u32)o.window) return;
    place++;
    u16 slot = c->freed[o.window - 1 - c->unacked++]; c->at[slot] = due; c->sent++; if (due >= w0) count(late, now() - due);
    put(c, batch, message(c, batch, slot + 1) - batch);
  }
}
static void publish_for(double seconds) {
  for (u64 end = now() + seconds * 1e9; now() < end;) {
    if (o.rate) { send_due(); turn(0); struct timespec nap = {0, 50000}; nanosleep(&nap, NULL); continue; }
    if (o.window >= 16) { struct timespec nap = {0, 100000}; nanosleep(&nap, NULL); }   // reads batches, and wakes the broker less
    turn(10);
  }
}
static void publish(Usage *a, Usage *b) {
  if (o.online) connect_all(sessions = conns(o.sessions, R_SESSION), o.sessions);
  pubs = conns(o.pubs, R_PUBLISHER);
  for (int p = 0; p < o.pubs; p++) {
    Conn *c = &pubs[p]; c->target = p; u64 own = o.sessions / o.pubs + (p < o.sessions % o.pubs); c->quota = o.rounds ? own * o.rounds : ~0ull;
    c->at = calloc(o.window, sizeof *c->at); c->freed = calloc(o.window, sizeof *c->freed); for (int i = 0; i < o.window; i++) c->freed[i] = i;
  }
  connect_all(pubs, o.pubs); sending = 1; if (o.rounds) { *a = usage(); w0 = a->wall; }
  for (int p = 0; p < o.pubs; p++) pump(&pubs[p]);
  if (o.rounds) until("publishing", all_acked);
  else { publish_for(o.warmup); *a = usage(); w0 = a->wall; publish_for(o.seconds); }
  *b = usage(); w1 = b->wall; sending = 0;
  until("the last acknowledgements", all_acked); until("the last messages", all_delivered);
}
static int all_finished(void) { return finished >= (u64)o.sample; }
static void drain(void) {
  Conn *all = conns(o.sample, R_SESSION); for (int i = 0; i < o.sample; i++) { all[i].wanted = o.rounds; dial(&all[i]); }
  until("draining", all_finished);
}
static int the_one_is_finished(void) { return sessions->fd < 0; }
static void probe(void) {               // a session twice would have nothing the second time
  u8 *taken = calloc(o.sessions, 1); sessions = conns(1, R_SESSION);
  for (int i = 0; i < o.sample; i++) {
    u32 id; do id = chance() % o.sessions; while (taken[id]);
    taken[id] = 1; sessions->id = o.first + id; sessions->next = 0; sessions->wanted = o.rounds; dial(sessions); until("probing", the_one_is_finished);
  }
}
static void report(const char *mode, const Usage *a, const Usage *b, double wall) {
  double seconds = (b->wall - a->wall) / 1e9;
  printf("{\"mode\":\"%s\",\"seconds\":%.4f,\"wall\":%.4f,\"finished\":%lu,\"acked\":%lu,\"acked_in\":%lu,\"received\":%lu,\"received_in\":%lu,\"again\":%lu,"
    "\"wrong\":%lu,\"absent\":%lu,\"broker_cpu\":%.3f,\"broker_written\":%lu,\"broker_rss_kib\":%ld", mode, seconds, wall, finished, acked, acked_in, received,
    received_in, again, wrong, absent, b->cpu - a->cpu, b->written - a->written, b->rss);
  const char *names[] = {"puback", "connack", "whole", "late"}; u64 *cells[] = {puback, connack, whole, late};
  for (int i = 0; i < 4; i++) printf(",\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f,\"%s_max_us\":%.1f", names[i], microseconds(cells[i], .5), names[i],
    microseconds(cells[i], .99), names[i], microseconds(cells[i], 1));
  printf(",\"first\":\"%s\"}\n", first_wrong);
}
int main(int argc, char **argv) {
  static const char *modes[] = {"sessions", "publish", "drain", "probe"};
  if (argc < 2 || argv[1][0] == '-') { fputs(HELP, stderr); return 2; }
  while (o.mode < 4 && strcmp(modes[o.mode], argv[1])) o.mode++;
  if (o.mode == 4) die("no mode %s", argv[1]);
  static struct option names[] = {{"port", 1, 0, 'p'}, {"sessions", 1, 0, 'n'}, {"first", 1, 0, 'f'}, {"filters", 1, 0, 'F'}, {"conc", 1, 0, 'c'},
    {"pubs", 1, 0, 'P'}, {"window", 1, 0, 'w'}, {"size", 1, 0, 'z'}, {"seconds", 1, 0, 's'}, {"warmup", 1, 0, 'W'}, {"rounds", 1, 0, 'r'},
    {"rate", 1, 0, 'R'}, {"online", 1, 0, 'O'}, {"sample", 1, 0, 'S'}, {"seed", 1, 0, 'd'}, {"pid", 1, 0, 'i'}, {0}};
  for (int k; (k = getopt_long(argc - 1, argv + 1, "", names, 0)) != -1;) switch (k) {
    case 'p': o.port = atoi(optarg); break; case 'n': o.sessions = atoi(optarg); break; case 'f': o.first = atoi(optarg); break;
    case 'F': o.filters = atoi(optarg); break; case 'c': o.conc = atoi(optarg); break; case 'P': o.pubs = atoi(optarg); break;
    case 'w': o.window = atoi(optarg); break; case 'z': o.size = atoi(optarg); break; case 's': o.seconds = atof(optarg); break;
    case 'W': o.warmup = atof(optarg); break; case 'r': o.rounds = atoi(optarg); break; case 'O': o.online = atoi(optarg); break;
    case 'R': o.rate = atof(optarg); break; case 'S': o.sample = atoi(optarg); break; case 'd': o.seed = strtoull(optarg, 0, 10); break; case 'i': o.pid = atoi(optarg); break;
    default: fputs(HELP, stderr); return 2;
  }
  if (o.sample < 0) o.sample = o.mode == M_DRAIN ? 1 : 1000;
  if (o.mode == M_PROBE && o.sample > o.sessions) o.sample = o.sessions;
  if (o.port < 1 || o.sessions < 1 || o.size < HEAD || o.size > 65536 || o.window < 1 || o.window > 60000 || o.pubs < 1 || o.pubs > o.sessions
    || o.conc < 1 || (o.rate && o.rounds) || (o.mode == M_DRAIN && o.rounds < 1)) die("a parameter is missing or beyond its range");
  signal(SIGPIPE, SIG_IGN); struct rlimit l; getrlimit(RLIMIT_NOFILE, &l); l.rlim_cur = l.rlim_max; setrlimit(RLIMIT_NOFILE, &l);
  ep = epoll_create1(0); input = room(NULL, READ_BYTES); batch = room(NULL, BATCH_BYTES);
  Usage a = usage(), b = a; u64 began = now();
  switch (o.mode) { case M_SESSIONS: make_sessions(); break; case M_PUBLISH: publish(&a, &b); break; case M_DRAIN: drain(); break; default: probe(); }
  if (o.mode != M_PUBLISH) b = usage();
  report(modes[o.mode], &a, &b, (now() - began) / 1e9);
  return wrong ? 1 : 0;
}
