// mqload - neutral MQTT 3.1.1 / 5.0 load generator (C11, Linux, libc + pthread, OpenSSL optional).
//
//   cc -O2 -o mqload mqload.c -lpthread -lssl -lcrypto        with TLS (needs libssl-dev)
//   cc -O2 -DNO_TLS -o mqload mqload.c -lpthread              without
//
// One epoll loop per thread; one write per batch, one large read per readiness event, a minimal
// parser. Every payload starts with {magic, run, publisher, sequence, timestamp} so that each
// (subscriber, publisher) stream is checked for loss, duplicates and reordering: a broker
// cannot win by dropping. Publishers are bounded by a window of messages that have not yet reached
// every subscriber (and, at QoS > 0, are not yet acknowledged), so the broker never has an unbounded
// queue and what is measured is the sustained *delivered* rate. With --rate the run is open-loop:
// messages carry the time at which they were *scheduled*, so a stall is charged to every message
// that it delayed (no coordinated omission). Output: one JSON line.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if !defined(NO_TLS) && defined(__has_include)
#if __has_include(<openssl/ssl.h>)
#define TLS 1
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif
#endif
#ifndef TLS
#define TLS 0
typedef void SSL;
#endif

typedef uint8_t u8; typedef uint32_t u32; typedef uint64_t u64;
#define RB (1u << 20)                   // read buffer of a thread
#define OB (1u << 18)                   // batch (output) buffer of a thread
#define HDR 32                          // bytes of payload header: magic, run, pub, pad, seq, ts
#define MAGIC 0x6d716c64u
#define HN 7552                         // histogram cells: 128 per octave (<0.8 % error)
static const char *HELP =
"usage: mqload SCENARIO [options]         prints one JSON line\n"
"scenarios\n"
"  p2p      --pairs N     publisher i -> topic i -> subscriber i\n"
"  fanout   --pubs P --subs M     all on one topic\n"
"  fanin    --pubs N --subs K     publishers on dev/<i>/data, subscribers on dev/+/data (or --filter)\n"
"  shared   --pubs N --subs K     same topics, consumers share $share/g<run>/dev/+/data (use --proto 5)\n"
"  latency  --pairs N --rate R    p2p, open loop, R messages/s in total (default 10000)\n"
"  connect  --conc C      connect, CONNACK, DISCONNECT, close as fast as possible\n"
"  idle     --conns N     open N connections, hold for --duration, report broker memory\n"
"options (default)\n"
"  --host H (127.0.0.1)  --port P (1883)  --proto 4|5 (4)  --qos 0|1|2 (0)  --size BYTES (64, >= 32)\n"
"  --duration S (5)  --warmup S (1)  --count N: a fixed number of messages instead of a duration\n"
"  --window W (64): in flight per publisher  --refill R (W/4): smallest batch while others are in flight\n"
"  --rate R: open loop at R msg/s in total, any message scenario  --threads T (1)\n"
"  --nap US (100 in closed loop with a window >= 16, else 0): pause before each poll, so that the generator reads\n"
"           batches and the broker does not pay for waking it per message\n"
"  --pairs/--pubs/--subs/--conns/--conc N   --filter F: subscribers' filter (after the prefix)\n"
"  --sub 1: idle connections also subscribe to a topic each\n"
"  --username U  --password P  --clean 0|1 (1)  --keepalive S (600)  --topic-prefix S (bench/)  --client-prefix S\n"
"  --tls  --cafile F  --cert F  --key F  --alpn NAME  --tls12\n"
"  --src-addrs K: spread over K loopback source addresses (auto)  --stall-ms MS (2000)\n"
"  --pid P[,P..]: the broker's processes, for its CPU per message and memory  --label S: copied to the output\n";

static struct {
  const char *scen, *host, *user, *pass, *ca, *cert, *key, *alpn, *prefix, *cprefix, *filter, *label;
  int port, proto, qos, size, threads, tls, tls12, clean, keepalive, pairs, pubs, subs, conns, conc, window, refill, srcs,
      stall_ms, sub, nap, npid, pid[16];
  double dur, warm, rate; long count;
} o = {.host = "127.0.0.1", .port = 1883, .proto = 4, .size = 64, .threads = 1, .clean = 1, .keepalive = 600, .dur = 5, .warm = 1,
       .window = 64, .refill = -1, .nap = -1, .prefix = "bench/", .srcs = -1, .stall_ms = 2000, .label = ""};

enum { S_P2P, S_FANOUT, S_FANIN, S_SHARED, S_LATENCY, S_CONNECT, S_IDLE };
static int scen;
enum { PH_SETUP, PH_RUN, PH_MEAS, PH_DRAIN, PH_STOP };
static _Atomic int phase;
enum { C_NEW, C_TCP, C_TLS, C_CONNACK, C_SUBACK, C_READY, C_DEAD };

typedef struct Thread Thread;
typedef struct { u64 next, mask; } Track;  // receiver's view of one publisher: next expected, last 64 seen
typedef struct Pub Pub;
typedef struct Conn {
  int fd, id; u8 st, is_pub, armed; Thread *t; SSL *ssl; Pub *pub; Track *trk;
  u8 *rbuf, *wbuf; u32 rlen, rcap, wlen, woff, wcap; u64 t0;
} Conn;
struct Pub {                            // a publisher: its prebuilt packet and its window
  _Atomic u64 done, sent;               // copies accounted for by subscribers / messages sent
  _Atomic int waiting;                  // wants a wake-up from another thread
  Conn *c; u8 *tpl; u32 len, pid_off, pay_off; u8 dirty;
  u64 quota, acked_total, last_done, last_ack, last_t; u32 unacked, winmax; uint16_t pid; u8 *pidmap;
  _Atomic u64 *ring; u64 ringmask;      // shared: which sequence was last seen in each slot
};
struct Thread {
  pthread_t th; int ep, ev, n, next, inprog; Conn **c; u8 *rb, *ob; u32 on;
  Pub **pubs; int np; Pub **dirty; int nd;
  u32 cp, cn;                           // pending credit: publisher, copies
  u64 *hist, *lag; u64 due, interval; int rr; u64 lcount;
  _Atomic u64 recv, uniq, sent, ready, nconn, nerr;
  u64 dup, ooo, foreign, badack, stalls, died; char err[160];
};
static Thread *T; static Pub *pubs; static Conn *conns; static int nconns, F = 1; static u32 run;
static _Atomic u64 w0, w1; static struct sockaddr_in dst; static _Atomic int src_rr;
#if TLS
static SSL_CTX *ctx;
#endif

static u64 now(void) { struct timespec s; clock_gettime(CLOCK_MONOTONIC, &s); return s.tv_sec * 1000000000ull + s.tv_nsec; }
static void die(const char *f, ...) {
  va_list a; va_start(a, f); fprintf(stderr, "mqload: "); vfprintf(stderr, f, a); fputc('\n', stderr); exit(1);
}
static inline int hidx(u64 v) { if (v < 128) return v; int e = 63 - __builtin_clzll(v); return (e - 6) * 128 + ((v >> (e - 7)) & 127); }
static u64 hval(int i) { if (i < 128) return i; int e = i / 128 + 6; return (1ull << e) + ((u64)(i % 128) << (e - 7)) + ((1ull << (e - 7)) >> 1); }
static double pct(u64 *h, double p) {   // percentile in microseconds
  u64 n = 0, k = 0; for (int i = 0; i < HN; i++) n += h[i];
  if (!n) return 0;
  u64 want = (u64)(p * n); if (want >= n) want = n - 1;
  for (int i = 0; i < HN; i++) if ((k += h[i]) > want) return hval(i) / 1e3;
  return 0;
}

// ---- sockets -------------------------------------------------------------------------------------
static void arm(Conn *c, int out) {
  if (c->armed == out) return;
  c->armed = out;
  struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(c->t->ep, EPOLL_CTL_MOD, c->fd, &e);
}
static ssize_t c_read(Conn *c, void *b, size_t n) {   // > 0, 0 = would block, -1 = closed
#if TLS
  if (c->ssl) {
    int r = SSL_read(c->ssl, b, n); if (r > 0) return r;
    int e = SSL_get_error(c->ssl, r); ERR_clear_error();
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
#endif
  ssize_t r = recv(c->fd, b, n, 0);
  return r > 0 ? r : r < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}
static ssize_t c_write(Conn *c, const void *b, size_t n) {
#if TLS
  if (c->ssl) {
    int r = SSL_write(c->ssl, b, n); if (r > 0) return r;
    int e = SSL_get_error(c->ssl, r); ERR_clear_error();
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
#endif
  ssize_t r = send(c->fd, b, n, MSG_NOSIGNAL);
  return r >= 0 ? r : errno == EAGAIN || errno == EINTR ? 0 : -1;
}
static void c_close(Conn *c) {
#if TLS
  if (c->ssl) { SSL_shutdown(c->ssl); SSL_free(c->ssl); c->ssl = NULL; ERR_clear_error(); }
#endif
  if (c->fd >= 0) close(c->fd);
  c->fd = -1; c->rlen = c->wlen = c->woff = 0;
}
static void c_start(Conn *c);
static void c_fail(Conn *c, const char *why) {        // lost connection or failed set-up
  Thread *t = c->t; int st = c->st;
  if (!t->err[0]) snprintf(t->err, sizeof t->err, "%s %d: %s (state %d, errno %s)", c->is_pub ? "pub" : "sub", c->id, why, st, strerror(errno));
  c_close(c); c->st = C_DEAD; t->nerr++;
  if (st > C_NEW && st < C_READY) t->inprog--;
  if (st == C_READY) t->died++;
  if (scen == S_CONNECT && phase < PH_DRAIN && t->nerr < 1000) c_start(c);
}
static void c_send(Conn *c, const u8 *b, size_t n) {
  if (c->st == C_DEAD) return;
  if (!c->wlen) {
    ssize_t r = c_write(c, b, n); if (r < 0) { c_fail(c, "write"); return; }
    b += r; n -= r; if (!n) return;
  }
  if (c->woff + c->wlen + n > c->wcap) {
    if (c->woff) { memmove(c->wbuf, c->wbuf + c->woff, c->wlen); c->woff = 0; }
    if (c->wlen + n > c->wcap) c->wbuf = realloc(c->wbuf, c->wcap = 2 * (c->wlen + n));
  }
  memcpy(c->wbuf + c->woff + c->wlen, b, n); c->wlen += n; arm(c, 1);
}
static int c_flush(Conn *c) {           // true when nothing is left unsent
  while (c->wlen) {
    ssize_t r = c_write(c, c->wbuf + c->woff, c->wlen); if (r < 0) { c_fail(c, "write"); return 0; }
    if (!r) return 0;
    c->woff += r; c->wlen -= r;
  }
  c->woff = 0; arm(c, 0); return 1;
}

// ---- MQTT encoding -------------------------------------------------------------------------------
static u8 *vint(u8 *p, u32 v) { do { *p = v & 127; v >>= 7; if (v) *p |= 128; p++; } while (v); return p; }
static u8 *str(u8 *p, const char *s) { size_t n = strlen(s); *p++ = n >> 8; *p++ = n; memcpy(p, s, n); return p + n; }
static void send_connect(Conn *c) {
  u8 v[1400], *p = v, pk[1500], *q = pk; char id[200];
  p = str(p, "MQTT"); *p++ = o.proto;
  *p++ = (o.clean ? 2 : 0) | (o.user ? 128 : 0) | (o.pass ? 64 : 0); *p++ = o.keepalive >> 8; *p++ = o.keepalive;
  if (o.proto == 5) { if (o.clean) *p++ = 0; else { *p++ = 5; *p++ = 0x11; *p++ = 0; *p++ = 0; *p++ = 14; *p++ = 16; } }  // session expiry 1 h
  if (o.cprefix) snprintf(id, sizeof id, "%s%c%d", o.cprefix, c->is_pub ? 'p' : 's', c->id);
  else snprintf(id, sizeof id, "mq%x%c%d", run, c->is_pub ? 'p' : 's', c->id);
  p = str(p, id); if (o.user) p = str(p, o.user); if (o.pass) p = str(p, o.pass);
  *q++ = 0x10; q = vint(q, p - v); memcpy(q, v, p - v); q += p - v;
  c->st = C_CONNACK; c_send(c, pk, q - pk);
}
static void topic_of(char *b, size_t n, int i) {
  if (scen == S_FANOUT) snprintf(b, n, "%sall", o.prefix);
  else if (scen == S_P2P || scen == S_LATENCY) snprintf(b, n, "%spair/%d", o.prefix, i);
  else snprintf(b, n, "%sdev/%d/data", o.prefix, i);
}
static void send_subscribe(Conn *c) {
  char f[300]; int g = 0; u8 v[400], *p = v, pk[420], *q = pk;
  if (scen == S_FANIN || scen == S_SHARED)
  {
    if (scen == S_SHARED) g = snprintf(f, sizeof f, "$share/g%x/", run);   // a group per run: no stale members of an earlier one
    snprintf(f + g, sizeof f - g, "%s%s", o.prefix, o.filter ? o.filter : "dev/+/data");
  }
  else topic_of(f, sizeof f, c->id);
  *p++ = 0; *p++ = 1; if (o.proto == 5) *p++ = 0;
  p = str(p, f); *p++ = o.qos;
  *q++ = 0x82; q = vint(q, p - v); memcpy(q, v, p - v); q += p - v;
  c->st = C_SUBACK; c_send(c, pk, q - pk);
}
static void build_tpl(Pub *p, int i) {  // the PUBLISH packet of publisher i, to be patched per message
  char tp[300]; topic_of(tp, sizeof tp, i); size_t tl = strlen(tp), rem = 2 + tl + (o.qos ? 2 : 0) + (o.proto == 5) + o.size;
  u8 *q = p->tpl = calloc(1, rem + 5);
  *q++ = 0x30 | o.qos << 1; q = vint(q, rem); q = str(q, tp);
  p->pid_off = q - p->tpl; if (o.qos) q += 2;
  if (o.proto == 5) *q++ = 0;
  p->pay_off = q - p->tpl; u32 h[4] = {MAGIC, run, i, 0}; memcpy(q, h, 16);
  for (int k = HDR; k < o.size; k++) q[k] = 'a' + k % 26;
  p->len = q - p->tpl + o.size;
}
static inline u8 *put_msg(Pub *p, u8 *b, u64 ts) {
  memcpy(b, p->tpl, p->len);
  if (o.qos) {
    do if (++p->pid == 0) p->pid = 1; while (p->pidmap[p->pid]);
    p->pidmap[p->pid] = 1; p->unacked++; b[p->pid_off] = p->pid >> 8; b[p->pid_off + 1] = p->pid;
  }
  u64 s = p->sent; memcpy(b + p->pay_off + 16, &s, 8); memcpy(b + p->pay_off + 24, &ts, 8);
  atomic_store_explicit(&p->sent, s + 1, memory_order_relaxed);
  return b + p->len;
}

// ---- publishing, closed loop ---------------------------------------------------------------------
static long avail(Pub *p) {             // messages that the window allows now
  long n = (long)p->winmax - (long)((p->sent * F - p->done + F - 1) / F);
  if (o.qos && (long)(p->winmax - p->unacked) < n) n = (long)p->winmax - (long)p->unacked;
  if (p->quota - p->sent < (u64)(n > 0 ? n : 0)) n = p->quota - p->sent;
  return n;
}
static int may_send(Pub *p, long n) { return n > 0 && (n >= o.refill || n == (long)(p->quota - p->sent)); }
static void pump(Thread *t, Pub *p) {
  Conn *c = p->c; int ph = phase;
  if ((ph != PH_RUN && ph != PH_MEAS) || o.rate > 0 || c->st != C_READY) return;
  while (!c->wlen && c->st == C_READY) {
    long n = avail(p);
    if (!may_send(p, n)) {
      atomic_store(&p->waiting, 1); n = avail(p);   // look again: a credit may have come in between
      if (!may_send(p, n)) return;
      atomic_store(&p->waiting, 0);
    }
    if (n > (long)(OB / p->len)) n = OB / p->len;
    u8 *b = t->ob; u64 ts = now();
    for (long i = 0; i < n; i++) b = put_msg(p, b, ts);
    atomic_store_explicit(&t->sent, t->sent + n, memory_order_relaxed);
    c_send(c, t->ob, b - t->ob);
  }
}
static inline void mark(Thread *t, Pub *p) { if (!p->dirty) { p->dirty = 1; t->dirty[t->nd++] = p; } }
static void credit_flush(Thread *t) {   // give the pending copies back to their publisher
  if (!t->cn) return;
  Pub *p = &pubs[t->cp]; atomic_fetch_add(&p->done, t->cn); t->cn = 0;
  if (p->c->t == t) mark(t, p);
  else if (atomic_load(&p->waiting) && may_send(p, avail(p)) && atomic_exchange(&p->waiting, 0)) { u64 one = 1; if (write(p->c->t->ev, &one, 8) < 0) {} }
}
static void tick(Thread *t) {           // open loop: send all that is due, stamped with its scheduled time
  u64 n = now(); int ph = phase; if (ph != PH_RUN && ph != PH_MEAS) return;
  while (n >= t->due) {
    Pub *p = t->pubs[t->rr]; if (o.qos && p->unacked >= p->winmax) return;
    u8 *e = put_msg(p, t->ob, t->due); if (t->due >= w0 && t->due < w1) t->lag[hidx(n - t->due)]++;
    atomic_store_explicit(&t->sent, t->sent + 1, memory_order_relaxed);
    c_send(p->c, t->ob, e - t->ob);
    if (++t->rr == t->np) t->rr = 0;
    t->due += t->interval; n = now();
  }
}

// ---- receiving -----------------------------------------------------------------------------------
static inline void ack(Thread *t, u8 type, const u8 *pid) { u8 *b = t->ob + t->on; b[0] = type; b[1] = 2; b[2] = pid[0]; b[3] = pid[1]; t->on += 4; }
static void on_publish(Conn *c, u8 h, const u8 *p, u32 len, u64 tnow) {
  Thread *t = c->t; const u8 *e = p + len, *q = p + 2 + (p[0] << 8 | p[1]), *pid = q; int qos = h >> 1 & 3;
  if (qos) { q += 2; ack(t, qos == 1 ? 0x40 : 0x50, pid); }
  if (o.proto == 5) { u32 v = 0; int s = 0; u8 x; do { x = *q++; v |= (u32)(x & 127) << s; s += 7; } while (x & 128); q += v; }
  u32 hd[4]; u64 seq, ts;
  if (e - q < HDR || (memcpy(hd, q, 16), hd[0] != MAGIC || hd[1] != run || hd[2] >= (u32)o.pubs)) { t->foreign++; return; }
  memcpy(&seq, q + 16, 8); memcpy(&ts, q + 24, 8);
  Track *k = scen == S_P2P || scen == S_LATENCY ? c->trk : &c->trk[hd[2]]; u64 cr = 1, uniq = 1; Pub *pb = &pubs[hd[2]];
  t->recv++;
  if (scen == S_SHARED) {               // any consumer may get any message: order is per consumer, duplicates per publisher
    if (atomic_exchange(&pb->ring[seq & pb->ringmask], seq + 1) == seq + 1) { t->dup++; uniq = cr = 0; }
    if (seq < k->next) t->ooo++; else k->next = seq + 1;
  } else if (__builtin_expect(seq == k->next, 1)) { k->next++; k->mask = k->mask << 1 | 1; }
  else if (seq > k->next) {             // gap: credit what is missing, so that a lossy broker goes on (loss is counted at the end)
    u64 d = seq - k->next; cr = d + 1; k->mask = d >= 63 ? 1 : k->mask << (d + 1) | 1; k->next = seq + 1;
  } else {
    u64 b = k->next - 1 - seq; cr = 0;
    if (b >= 64 || k->mask >> b & 1) { t->dup++; uniq = 0; } else { t->ooo++; k->mask |= 1ull << b; }
  }
  atomic_store_explicit(&t->uniq, t->uniq + uniq, memory_order_relaxed);
  if (ts >= w0 && ts < w1) t->hist[hidx(tnow > ts ? tnow - ts : 0)]++;
  if (cr) { if (t->cp != hd[2]) { credit_flush(t); t->cp = hd[2]; } t->cn += cr; }
}
static void on_ack(Conn *c, const u8 *p, int final, int rc) {
  Pub *pb = c->pub; uint16_t id = p[0] << 8 | p[1]; if (!pb) { c->t->badack++; return; }
  if (!final && rc < 0x80) { ack(c->t, 0x62, p); return; }   // PUBREC -> PUBREL
  if (!pb->pidmap[id]) { c->t->badack++; return; }
  if (rc >= 0x80) c->t->badack++;
  pb->pidmap[id] = 0; pb->unacked--; pb->acked_total++; mark(c->t, pb);
}
static void c_ready(Conn *c) {
  Thread *t = c->t; c->st = C_READY; t->inprog--; atomic_fetch_add(&t->ready, 1);
  if (scen != S_CONNECT) return;
  u64 n = now(); if (c->t0 >= w0 && n < w1) t->hist[hidx(n - c->t0)]++;
  atomic_fetch_add(&t->nconn, 1);
  c_send(c, (const u8 *)"\xe0\0", 2); c_close(c); c->st = C_NEW;
  if (phase < PH_DRAIN) c_start(c);
}
static void on_connack(Conn *c, const u8 *p, u32 len) {
  if (len < 2 || p[1]) { char m[40]; snprintf(m, 40, "CONNACK code %d", len < 2 ? -1 : p[1]); c_fail(c, m); return; }
  if (c->pub && o.proto == 5 && len > 3) {            // honour the broker's Receive Maximum
    static const u8 fix[64] = {[0x11] = 4, [0x13] = 2, [0x21] = 2, [0x22] = 2, [0x24] = 1, [0x25] = 1, [0x27] = 4, [0x28] = 1, [0x29] = 1, [0x2a] = 1};
    const u8 *q = p + 3, *e = q + p[2]; if (p[2] & 128) { q++; e = q + (p[2] & 127) + 128 * p[3]; }
    for (; q + 1 < e && e <= p + len;) {
      u8 id = *q++; if (id == 0x21) { u32 m = q[0] << 8 | q[1]; if (m < c->pub->winmax && o.qos) c->pub->winmax = m; }
      if (id < 64 && fix[id]) q += fix[id]; else { q += 2 + (q[0] << 8 | q[1]); if (id == 0x26) q += 2 + (q[0] << 8 | q[1]); }
    }
  }
  if (!c->is_pub && (scen < S_CONNECT || (scen == S_IDLE && o.sub))) send_subscribe(c); else c_ready(c);
}
static size_t parse(Conn *c, const u8 *b, size_t n) {  // consumes whole packets, returns bytes used
  size_t i = 0; u64 tn = now(); Thread *t = c->t;
  while (n - i >= 2 && c->fd >= 0) {
    u32 len = 0, s = 0, k = 1; u8 x;
    do { if (i + k >= n) return i; x = b[i + k++]; len |= (u32)(x & 127) << s; s += 7; } while (x & 128 && s < 28);
    if (n - i < k + len) break;
    const u8 *p = b + i + k; u8 h = b[i]; i += k + len;
    switch (h >> 4) {
      case 3: on_publish(c, h, p, len, tn); break;
      case 4: case 7: on_ack(c, p, 1, o.proto == 5 && len > 2 ? p[2] : 0); break;
      case 5: on_ack(c, p, 0, o.proto == 5 && len > 2 ? p[2] : 0); break;
      case 6: ack(t, 0x70, p); break;
      case 2: on_connack(c, p, len); break;
      case 9: if (p[len - 1] >= 0x80) c_fail(c, "SUBSCRIBE refused"); else if (c->st == C_SUBACK) c_ready(c); break;
      case 14: { char m[40]; snprintf(m, 40, "DISCONNECT from broker, code %d", len ? p[0] : 0); c_fail(c, m); break; }
    }
    if (t->on > OB - 64) { c_send(c, t->ob, t->on); t->on = 0; }
  }
  return i;
}
static void on_readable(Conn *c) {
  Thread *t = c->t;
  for (;;) {
    size_t have = c->rlen; if (have) memcpy(t->rb, c->rbuf, have);
    ssize_t n = c_read(c, t->rb + have, RB - have);
    if (n == 0) return;
    if (n < 0) { if (phase < PH_STOP) c_fail(c, "closed by broker"); return; }
    size_t tot = have + n; c->rlen = 0; t->on = 0;
    size_t used = parse(c, t->rb, tot);
    if (t->on && c->fd >= 0) c_send(c, t->ob, t->on);
    if (c->fd < 0 || c->st == C_TCP || c->st == C_TLS) return;   // closed, or already reconnecting
    if ((c->rlen = tot - used)) { if (c->rlen > c->rcap) c->rbuf = realloc(c->rbuf, c->rcap = 2 * c->rlen); memcpy(c->rbuf, t->rb + used, c->rlen); }
    if (!c->ssl) return;                // level-triggered: no second read; TLS may hold decrypted data
  }
}

// ---- connecting ----------------------------------------------------------------------------------
static void c_tls(Conn *c) {
#if TLS
  int r = SSL_connect(c->ssl); if (r == 1) { arm(c, 0); send_connect(c); return; }
  int e = SSL_get_error(c->ssl, r);
  if (e == SSL_ERROR_WANT_READ) arm(c, 0); else if (e == SSL_ERROR_WANT_WRITE) arm(c, 1);
  else { char m[120]; snprintf(m, 120, "TLS: %s", ERR_reason_error_string(ERR_peek_last_error()) ?: "closed"); ERR_clear_error(); c_fail(c, m); }
#else
  (void)c;
#endif
}
static void c_up(Conn *c) {             // TCP is up
#if TLS
  if (o.tls) {
    c->ssl = SSL_new(ctx); SSL_set_fd(c->ssl, c->fd); SSL_set_connect_state(c->ssl);
    struct in_addr a; if (!inet_aton(o.host, &a)) SSL_set_tlsext_host_name(c->ssl, o.host);
    c->st = C_TLS; c_tls(c); return;
  }
#endif
  arm(c, 0); send_connect(c);
}
static void c_start(Conn *c) {
  Thread *t = c->t; int one = 1; c->st = C_TCP; t->inprog++; c->t0 = now(); c->rlen = c->wlen = c->woff = 0;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); if (c->fd < 0) { c_fail(c, "socket"); return; }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (o.srcs > 0) {                     // 127.0.x.y, port chosen at connect: 28k ports per source address
    int k = atomic_fetch_add(&src_rr, 1) % o.srcs; struct sockaddr_in s = {.sin_family = AF_INET};
    s.sin_addr.s_addr = htonl(0x7f000000u | (u32)(k / 250) << 8 | (k % 250 + 2));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (void *)&s, sizeof s)) { c_fail(c, "bind"); return; }
  }
  c->armed = 1; struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(t->ep, EPOLL_CTL_ADD, c->fd, &e);
  if (connect(c->fd, (void *)&dst, sizeof dst) == 0) c_up(c); else if (errno != EINPROGRESS) c_fail(c, "connect");
}
static void stall_check(Thread *t, u64 n) {           // a broker that lost messages must not stop the run
  for (int i = 0; i < t->np; i++) {
    Pub *p = t->pubs[i]; u64 d = p->done, out = p->sent * F - d;
    if (p->last_done != d || p->last_ack != p->acked_total || (!out && !p->unacked) || !p->last_t) { p->last_done = d; p->last_ack = p->acked_total; p->last_t = n; continue; }
    if (n - p->last_t < (u64)o.stall_ms * 1000000 || (phase != PH_RUN && phase != PH_MEAS)) continue;
    t->stalls++; p->last_t = n; atomic_fetch_add(&p->done, out);
    if (p->unacked) { memset(p->pidmap, 0, 65536); p->unacked = 0; }
    mark(t, p);
  }
}
static void *thread_main(void *arg) {
  Thread *t = arg; struct epoll_event ev[512]; int ph, started = 0; u64 next_check = 0;
  prctl(PR_SET_TIMERSLACK, 1000);
  int conc = o.conc / o.threads > 0 ? o.conc / o.threads : 1;
  while ((ph = phase) != PH_STOP) {
    while (t->next < t->n && t->inprog < conc && ph < PH_DRAIN) c_start(t->c[t->next++]);
    u64 n = now();
    if (ph >= PH_RUN && !started) { started = 1; for (int i = 0; i < t->np; i++) pump(t, t->pubs[i]); }
    if (n > next_check) { next_check = n + 100000000; stall_check(t, n); }
    u64 wait = 20000000; struct timespec ts;
    if (o.rate > 0 && (ph == PH_RUN || ph == PH_MEAS) && t->np) { n = now(); u64 w = t->due > n ? t->due - n : 0; if (w < wait) wait = w; }
    ts.tv_sec = 0; ts.tv_nsec = wait;
    if (o.nap > 0 && (ph == PH_RUN || ph == PH_MEAS)) { struct timespec z = {0, o.nap * 1000L}; nanosleep(&z, NULL); }
    int k = epoll_pwait2(t->ep, ev, 512, &ts, NULL);
    for (int i = 0; i < k; i++) {
      Conn *c = ev[i].data.ptr;
      if (!c) { u64 x; if (read(t->ev, &x, 8) < 0) {} for (int j = 0; j < t->np; j++) mark(t, t->pubs[j]); continue; }
      if (c->fd < 0) continue;
      if (c->st == C_TCP) {
        int er = 0; socklen_t l = sizeof er; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &er, &l);
        if (er) { errno = er; c_fail(c, "connect"); } else if (ev[i].events & EPOLLOUT) c_up(c);
        continue;
      }
      if (c->st == C_TLS) { c_tls(c); continue; }
      if (ev[i].events & EPOLLOUT && c_flush(c) && c->pub) mark(t, c->pub);
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
    }
    credit_flush(t);
    for (int i = 0; i < t->nd; i++) { Pub *p = t->dirty[i]; p->dirty = 0; pump(t, p); }
    t->nd = 0;
    if (o.rate > 0 && ph >= PH_RUN && t->np) tick(t);
  }
  for (int i = 0; i < t->n; i++) if (t->c[i]->fd >= 0) { if (t->c[i]->st == C_READY) c_write(t->c[i], "\xe0\0", 2); c_close(t->c[i]); }
  return NULL;
}

// ---- measuring -----------------------------------------------------------------------------------
typedef struct { u64 t, recv, sent, conns; double bcpu, lcpu, th[64]; long rss, anon; } Snap;
static double proc_cpu(void) {          // utime + stime of the broker, seconds
  double s = 0;
  for (int i = 0; i < o.npid; i++) {
    char f[64], b[1024]; snprintf(f, 64, "/proc/%d/stat", o.pid[i]); int fd = open(f, O_RDONLY); if (fd < 0) continue;
    ssize_t n = read(fd, b, 1023); close(fd); if (n <= 0) continue;
    b[n] = 0; char *p = strrchr(b, ')'); unsigned long u, v;
    if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &v) == 2) s += (double)(u + v) / sysconf(_SC_CLK_TCK);
  }
  return s;
}
static void snap(Snap *s) {
  memset(s, 0, sizeof *s); struct rusage r; struct timespec c; clockid_t id;
  s->bcpu = proc_cpu(); getrusage(RUSAGE_SELF, &r);
  s->lcpu = r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  for (int i = 0; i < o.threads; i++) {
    s->recv += T[i].uniq; s->sent += T[i].sent; s->conns += T[i].nconn;
    if (i < 64 && !pthread_getcpuclockid(T[i].th, &id) && !clock_gettime(id, &c)) s->th[i] = c.tv_sec + c.tv_nsec / 1e9;
  }
  for (int i = 0; i < o.npid; i++) {
    char f[64], l[256]; snprintf(f, 64, "/proc/%d/status", o.pid[i]); FILE *fp = fopen(f, "r"); long v; if (!fp) continue;
    while (fgets(l, 256, fp)) { if (sscanf(l, "VmRSS: %ld", &v) == 1) s->rss += v; if (sscanf(l, "RssAnon: %ld", &v) == 1) s->anon += v; }
    fclose(fp);
  }
  s->t = now();
}
static void zzz(double s) { struct timespec t = {(time_t)s, (long)((s - (time_t)s) * 1e9)}; while (nanosleep(&t, &t) && errno == EINTR) {} }
static u64 sum_ready(void) { u64 r = 0; for (int i = 0; i < o.threads; i++) r += T[i].ready; return r; }
static void wait_ready(u64 want) {
  for (u64 t0 = now(), last = 0, r; (r = sum_ready()) < want; zzz(0.005)) {
    for (int i = 0; i < o.threads; i++) if (T[i].nerr) die("set-up failed after %lu connections: %s", (unsigned long)r, T[i].err);
    if (r != last) { last = r; t0 = now(); }
    if (now() - t0 > 20000000000ull) die("set-up timed out at %lu of %lu connections", (unsigned long)r, (unsigned long)want);
  }
}
static int opt_int(const char *s) { return (int)strtol(s, NULL, 0); }
int main(int argc, char **argv) {
  if (argc < 2 || argv[1][0] == '-') { fputs(HELP, argc > 1 && !strcmp(argv[1], "--help") ? stdout : stderr); return argc < 2 || strcmp(argv[1], "--help"); }
  static const char *names[] = {"p2p", "fanout", "fanin", "shared", "latency", "connect", "idle"};
  o.scen = argv[1]; for (scen = 0; scen < 7 && strcmp(names[scen], o.scen); scen++) {}
  if (scen == 7) die("unknown scenario %s (see --help)", o.scen);
  enum { HOST = 1, PORT, PROTO, QOS, SIZE, THREADS, DUR, WARM, USER, PASS, TLSO, CA, CERT, KEY, ALPN, TLS12, CLEAN, KA, PREFIX, CPREFIX, FILTER,
         PAIRS, PUBS, SUBS, CONNS, CONC, WIN, REFILL, RATE, COUNT, SRCS, STALL, SUBI, NAP, PID, LABEL, HELPO };
  static const struct option lo[] = {{"host", 1, 0, HOST}, {"port", 1, 0, PORT}, {"proto", 1, 0, PROTO}, {"qos", 1, 0, QOS}, {"size", 1, 0, SIZE},
    {"threads", 1, 0, THREADS}, {"duration", 1, 0, DUR}, {"warmup", 1, 0, WARM}, {"username", 1, 0, USER}, {"password", 1, 0, PASS}, {"tls", 0, 0, TLSO},
    {"cafile", 1, 0, CA}, {"cert", 1, 0, CERT}, {"key", 1, 0, KEY}, {"alpn", 1, 0, ALPN}, {"tls12", 0, 0, TLS12}, {"clean", 1, 0, CLEAN}, {"keepalive", 1, 0, KA},
    {"topic-prefix", 1, 0, PREFIX}, {"client-prefix", 1, 0, CPREFIX}, {"filter", 1, 0, FILTER}, {"pairs", 1, 0, PAIRS}, {"pubs", 1, 0, PUBS}, {"subs", 1, 0, SUBS},
    {"conns", 1, 0, CONNS}, {"conc", 1, 0, CONC}, {"window", 1, 0, WIN}, {"refill", 1, 0, REFILL}, {"rate", 1, 0, RATE}, {"count", 1, 0, COUNT},
    {"src-addrs", 1, 0, SRCS}, {"stall-ms", 1, 0, STALL}, {"sub", 1, 0, SUBI}, {"nap", 1, 0, NAP}, {"pid", 1, 0, PID}, {"label", 1, 0, LABEL}, {"help", 0, 0, HELPO}, {0}};
  for (int ch; (ch = getopt_long(argc - 1, argv + 1, "", lo, NULL)) != -1;) switch (ch) {
    case HOST: o.host = optarg; break;          case PORT: o.port = opt_int(optarg); break;
    case PROTO: o.proto = opt_int(optarg); break; case QOS: o.qos = opt_int(optarg); break;
    case SIZE: o.size = opt_int(optarg); break; case THREADS: o.threads = opt_int(optarg); break;
    case DUR: o.dur = atof(optarg); break;      case WARM: o.warm = atof(optarg); break;
    case USER: o.user = optarg; break;          case PASS: o.pass = optarg; break;
    case TLSO: o.tls = 1; break;                case CA: o.ca = optarg; o.tls = 1; break;
    case CERT: o.cert = optarg; o.tls = 1; break; case KEY: o.key = optarg; break;
    case ALPN: o.alpn = optarg; break;          case TLS12: o.tls12 = 1; break;
    case CLEAN: o.clean = opt_int(optarg); break; case KA: o.keepalive = opt_int(optarg); break;
    case PREFIX: o.prefix = optarg; break;      case CPREFIX: o.cprefix = optarg; break;
    case FILTER: o.filter = optarg; break;      case PAIRS: o.pairs = opt_int(optarg); break;
    case PUBS: o.pubs = opt_int(optarg); break; case SUBS: o.subs = opt_int(optarg); break;
    case CONNS: o.conns = opt_int(optarg); break; case CONC: o.conc = opt_int(optarg); break;
    case WIN: o.window = opt_int(optarg); break; case REFILL: o.refill = opt_int(optarg); break;
    case RATE: o.rate = atof(optarg); break;    case COUNT: o.count = atol(optarg); break;
    case SRCS: o.srcs = opt_int(optarg); break; case STALL: o.stall_ms = opt_int(optarg); break;
    case SUBI: o.sub = opt_int(optarg); break;  case LABEL: o.label = optarg; break;
    case NAP: o.nap = opt_int(optarg); break;
    case PID: for (char *s = strtok(optarg, ","); s && o.npid < 16; s = strtok(NULL, ",")) if (opt_int(s) > 0) o.pid[o.npid++] = opt_int(s); break;
    case HELPO: fputs(HELP, stdout); return 0;
    default: return 2;
  }
  // parameters
  if (o.proto != 4 && o.proto != 5) die("--proto 4 or 5");
  if (o.qos < 0 || o.qos > 2 || o.size < HDR || o.size > (int)OB - 1024 || o.threads < 1 || o.window < 1 || o.window > 60000) die("bad parameter (see --help)");
  if (scen == S_LATENCY && o.rate <= 0) o.rate = 10000;
  int msgs = scen < S_CONNECT;
  if (scen == S_P2P || scen == S_LATENCY) { if (!o.pairs) o.pairs = scen == S_P2P ? 50 : 100; o.pubs = o.subs = o.pairs; }
  else if (scen == S_FANOUT) { if (!o.pubs) o.pubs = 1; if (!o.subs) o.subs = 500; F = o.subs; }
  else if (scen == S_FANIN) { if (!o.pubs) o.pubs = 100; if (!o.subs) o.subs = 1; F = o.subs; }
  else if (scen == S_SHARED) { if (!o.pubs) o.pubs = 50; if (!o.subs) o.subs = 4; }
  if (!o.conc) o.conc = 64;
  if (!o.conns) o.conns = 1000;
  nconns = msgs ? o.pubs + o.subs : scen == S_CONNECT ? o.conc : o.conns;
  if (!msgs) o.pubs = o.subs = 0;
  if (o.threads > nconns) o.threads = nconns;
  if (o.threads > 64) o.threads = 64;
  if (o.refill < 0) o.refill = o.window / 4;
  if (o.refill < 1) o.refill = 1;
  if (o.refill > o.window) o.refill = o.window;
  if (o.nap < 0) o.nap = msgs && o.rate <= 0 && o.window >= 16 ? 100 : 0;
  if (o.rate > 0) o.window = 60000;     // open loop: only packet identifiers bound the publishers
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rlim_t need = nconns + 256;
  if (rl.rlim_cur < need) { rl.rlim_cur = need; if (rl.rlim_max < need) rl.rlim_max = need; if (setrlimit(RLIMIT_NOFILE, &rl)) die("cannot raise RLIMIT_NOFILE to %lu", (unsigned long)need); }
  signal(SIGPIPE, SIG_IGN);
  char ps[16]; snprintf(ps, 16, "%d", o.port); struct addrinfo hint = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *ai;
  if (getaddrinfo(o.host, ps, &hint, &ai)) die("cannot resolve %s", o.host);
  memcpy(&dst, ai->ai_addr, sizeof dst);
  if (ntohl(dst.sin_addr.s_addr) >> 24 != 127) o.srcs = 0;
  else if (o.srcs < 0) o.srcs = scen == S_CONNECT ? 200 : nconns > 4000 ? nconns / 4000 + 1 : 0;
  struct timespec rt; clock_gettime(CLOCK_REALTIME, &rt); run = (u32)(rt.tv_nsec ^ rt.tv_sec << 8 ^ getpid());
#if TLS
  if (o.tls) {
    ctx = SSL_CTX_new(TLS_client_method()); SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (o.tls12) SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    if (o.ca) { if (!SSL_CTX_load_verify_locations(ctx, o.ca, NULL)) die("cannot load %s", o.ca); SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL); }
    if (o.cert && (SSL_CTX_use_certificate_chain_file(ctx, o.cert) != 1 || SSL_CTX_use_PrivateKey_file(ctx, o.key ?: o.cert, SSL_FILETYPE_PEM) != 1)) die("cannot load certificate or key");
    if (o.alpn) { u8 a[256]; a[0] = strlen(o.alpn); memcpy(a + 1, o.alpn, a[0]); SSL_CTX_set_alpn_protos(ctx, a, a[0] + 1); }
  }
#else
  if (o.tls) die("built without TLS");
#endif
  // publishers, subscribers, threads (a pair shares its thread; subscribers connect first)
  T = calloc(o.threads, sizeof *T); conns = calloc(nconns, sizeof *conns); pubs = calloc(o.pubs + 1, sizeof *pubs);
  for (int i = 0; i < o.threads; i++) {
    Thread *t = &T[i]; t->c = malloc(sizeof(Conn *) * nconns); t->pubs = malloc(sizeof(Pub *) * (o.pubs + 1)); t->dirty = malloc(sizeof(Pub *) * (o.pubs + 1));
    t->rb = malloc(RB); t->ob = malloc(OB + 4096); t->hist = calloc(HN, 8); t->lag = calloc(HN, 8); t->ep = epoll_create1(0); t->ev = eventfd(0, EFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}; epoll_ctl(t->ep, EPOLL_CTL_ADD, t->ev, &e);
  }
  for (int i = 0; i < nconns; i++) {
    Conn *c = &conns[i]; int pub = msgs && i >= o.subs, k = pub ? i - o.subs : i; Thread *t = &T[k % o.threads];
    c->fd = -1; c->id = k; c->is_pub = pub; c->t = t; t->c[t->n++] = c;
    if (pub) {
      Pub *p = &pubs[k]; p->c = c; c->pub = p; p->winmax = o.window; p->quota = o.count ? (u64)o.count / o.pubs : ~0ull; build_tpl(p, k); t->pubs[t->np++] = p;
      if (o.qos) p->pidmap = calloc(65536, 1);
      if (scen == S_SHARED) { u64 m = 1024; while (m < 8ull * o.window && m < 1 << 19) m *= 2; p->ring = calloc(m, 8); p->ringmask = m - 1; }
    } else if (msgs) c->trk = calloc(scen == S_P2P || scen == S_LATENCY ? 1 : o.pubs, sizeof(Track));
  }
  w0 = ~0ull; w1 = ~0ull; Snap a, b, base; snap(&base);
  u64 tstart = now();
  for (int i = 0; i < o.threads; i++) if (pthread_create(&T[i].th, NULL, thread_main, &T[i])) die("pthread_create");
  double setup_s = 0;
  if (scen != S_CONNECT) { wait_ready(nconns); setup_s = (now() - tstart) / 1e9; if (scen == S_IDLE) zzz(1.0); else zzz(0.1); }
  if (o.rate > 0) for (int i = 0; i < o.threads; i++) if (T[i].np) {
    T[i].interval = 1e9 * o.pubs / (o.rate * T[i].np); T[i].due = now() + 1000000 + i * (T[i].interval / o.threads);
  }
  u64 want = 0, uniq = 0; int timed = !o.count || !msgs || o.rate > 0;
  if (!timed) { snap(&a); w0 = a.t; }
  phase = PH_RUN;
  if (timed) { zzz(scen == S_IDLE ? 0 : o.warm); snap(&a); w0 = a.t; phase = PH_MEAS; zzz(o.dur); snap(&b); w1 = b.t; }
  if (msgs) {                           // no more sending; wait for what is under way, or 2 s without progress
    if (timed) phase = PH_DRAIN;
    for (u64 last = 0, t0 = now();; zzz(timed ? 0.005 : 0.0005)) {
      for (want = uniq = 0, (void)0; 0;) {}
      if (timed) for (int i = 0; i < o.pubs; i++) want += pubs[i].sent * F; else want = (u64)o.count / o.pubs * o.pubs * F;
      for (int i = 0; i < o.threads; i++) uniq += T[i].uniq;
      if (uniq >= want) break;
      if (uniq != last) { last = uniq; t0 = now(); }
      if (now() - t0 > (u64)(o.stall_ms > 2000 ? o.stall_ms + 500 : 2500) * 1000000) break;
    }
    if (!timed) { snap(&b); w1 = b.t; phase = PH_DRAIN; }
    zzz(0.05);                          // late duplicates and last acknowledgements
  }
  phase = PH_STOP; for (int i = 0; i < o.threads; i++) pthread_join(T[i].th, NULL);
  if (msgs) { want = uniq = 0; for (int i = 0; i < o.pubs; i++) want += pubs[i].sent * F; for (int i = 0; i < o.threads; i++) uniq += T[i].uniq; }
  // report
  u64 *h = calloc(HN, 8), *lag = calloc(HN, 8), dup = 0, ooo = 0, foreign = 0, badack = 0, stalls = 0, died = 0, errs = 0, unacked = 0; double busiest = 0; const char *err = "";
  double dt = (b.t - a.t) / 1e9;
  for (int i = 0; i < o.threads; i++) {
    Thread *t = &T[i]; for (int k = 0; k < HN; k++) h[k] += t->hist[k], lag[k] += t->lag[k];
    dup += t->dup; ooo += t->ooo; foreign += t->foreign; badack += t->badack; stalls += t->stalls; died += t->died; errs += t->nerr; if (t->err[0]) err = t->err;
    if ((b.th[i] - a.th[i]) / dt > busiest) busiest = (b.th[i] - a.th[i]) / dt;
  }
  for (int i = 0; i < o.pubs; i++) unacked += pubs[i].unacked;
  double bc = b.bcpu - a.bcpu, lc = b.lcpu - a.lcpu; u64 d = b.recv - a.recv;
  printf("{\"scenario\":\"%s\",\"label\":\"%s\",\"proto\":%d,\"qos\":%d,\"size\":%d,\"threads\":%d,\"tls\":%d,\"mtls\":%d,\"clean\":%d,\"seconds\":%.3f", o.scen, o.label, o.proto, o.qos, o.size, o.threads, o.tls, o.cert != NULL, o.clean, dt);
  if (msgs) {
    printf(",\"pubs\":%d,\"subs\":%d,\"window\":%d,\"refill\":%d,\"nap_us\":%d,\"rate\":%.0f,\"sent_per_s\":%.0f,\"delivered_per_s\":%.0f,\"payload_MB_per_s\":%.1f", o.pubs, o.subs, o.rate > 0 ? 0 : o.window, o.refill, o.nap, o.rate, (b.sent - a.sent) / dt, d / dt, d / dt * o.size / 1e6);
    printf(",\"expected\":%lu,\"unique\":%lu,\"lost\":%ld,\"dup\":%lu,\"out_of_order\":%lu,\"foreign\":%lu,\"bad_acks\":%lu,\"unacked\":%lu,\"stalls\":%lu,\"conns_lost\":%lu", want, uniq, (long)(want - uniq), dup, ooo, foreign, badack, unacked, stalls, died);
    if (o.rate > 0) printf(",\"lag_p50_us\":%.1f,\"lag_p99_us\":%.1f,\"lag_max_us\":%.1f", pct(lag, .5), pct(lag, .99), pct(lag, 1));
  } else if (scen == S_CONNECT) { d = b.conns - a.conns; printf(",\"conc\":%d,\"src_addrs\":%d,\"connects_per_s\":%.0f,\"errors\":%lu", o.conc, o.srcs, d / dt, errs); }
  if (scen != S_IDLE) {
    printf(",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f", pct(h, .5), pct(h, .9), pct(h, .99), pct(h, .999), pct(h, 1));
    if (o.npid) printf(",\"broker_cpu_us_per_%s\":%.3f", msgs ? "msg" : "conn", d ? bc * 1e6 / d : 0);
    printf(",\"load_cpu_us_per_%s\":%.3f", msgs ? "msg" : "conn", d ? lc * 1e6 / d : 0);
  } else {
    printf(",\"conns\":%d,\"src_addrs\":%d,\"setup_s\":%.2f,\"setup_per_s\":%.0f,\"conns_lost\":%lu", nconns, o.srcs, setup_s, nconns / setup_s, died);
    if (o.npid) printf(",\"rss_before_kb\":%ld,\"rss_after_kb\":%ld,\"rss_bytes_per_conn\":%.0f,\"anon_bytes_per_conn\":%.0f,\"setup_broker_cpu_us_per_conn\":%.1f", base.rss, b.rss, (b.rss - base.rss) * 1024.0 / nconns, (b.anon - base.anon) * 1024.0 / nconns, (a.bcpu - base.bcpu) * 1e6 / nconns);
  }
  if (o.npid) printf(",\"broker_cores\":%.3f,\"broker_rss_kb\":%ld", bc / dt, b.rss);
  printf(",\"load_cores\":%.3f,\"load_busiest_thread\":%.3f", lc / dt, busiest);
  if (err[0]) { printf(",\"error\":\""); for (const char *e = err; *e; e++) if (*e != '"' && *e != '\\') putchar(*e); printf("\""); }
  printf("}\n");
  return 0;
}
