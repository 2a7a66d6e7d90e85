// soak - many MQTT clients that come and go, and a book of what each message became (C11, Linux, libc).
//
//   cc -O2 -o soak soak.c
//
// Every client has a client id for the whole run, publishes on two streams (one at QoS 1, one at QoS 2, each to one other
// client's topic) and subscribes to its own topic. Half of the clients keep their sessions, half of each kind speaks
// version 5. Clients leave and come back all the time; a tenth of them is never asked: their sockets are reset at random
// moments. A client with a kept session is a good client: it repeats what was not acknowledged, in order, and remembers the
// QoS 2 identifiers that it has received. So the book can say:
//   lost       acknowledged to its publisher, its subscriber keeps a session, and it never came
//   reordered  came for the first time after a later one of its stream
//   repeated   QoS 2, and came twice (at QoS 1 that is allowed, and counted as `again`)
//   forgotten  a kept session that the server did not have any more
//   refused    an acknowledgement with a failure, or a connection that the server has ended
// Output: one JSON line.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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
#define WINDOW 8                        // messages that one client has under way
#define SOURCES 8                       // loopback addresses that connections come from
#define TICK_MS 20
enum { ACKED = 1, SEEN = 4 };
enum { S_FREE, S_PUBACK, S_PUBREC, S_PUBCOMP };
enum { C_AWAY, C_TCP, C_CONNACK, C_SUBACK, C_READY };

typedef struct { u8 *fate; u32 sent, room, last; int any; u32 target; } Stream;
typedef struct { u8 state, stream; u32 seq; u64 order; } Slot;
typedef struct Conn { int fd; struct Client *client; u8 *in, *out; u32 inlen, incap, outlen, outcap; int armed; } Conn;
typedef struct Client {
  Conn *conn; u8 state, kept, v5, killed, subscribed, known; u32 id; u64 due; Stream stream[2]; Slot slot[WINDOW];
  u16 *more; int nmore, cmore;          // QoS 2 identifiers that were received and not released
} Client;

static struct { int port, clients, seconds; double rate; u64 seed; int size; } o = {1883, 10000, 300, 2000, 1, 64};
static Client *clients; static int ep; static u64 rng, order, t0; static int stopping = 1;       // nobody leaves before all are there, nor at the end
 static u8 buffer[1 << 18];
static Conn *graveyard[1 << 16]; static int ngrave;
static struct {
  u64 published, acked, received, again, lost, reordered, repeated, forgotten, refused, connects, leaves, kills, takeovers, unknown;
} n;
static char first[256];

static u64 now_ms(void) { struct timespec s; clock_gettime(CLOCK_MONOTONIC, &s); return s.tv_sec * 1000ull + s.tv_nsec / 1000000; }
static void die(const char *f, ...) {
  va_list a; va_start(a, f); fprintf(stderr, "soak: "); vfprintf(stderr, f, a); fputc('\n', stderr); exit(2);
}
static u64 chance(void) { rng += 0x9E3779B97F4A7C15ull; u64 z = rng; z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull; return z ^ (z >> 31); }
static u32 below(u32 limit) { return chance() % limit; }
static void note(u64 *count, const char *f, ...) {   // counts, and keeps the words of the first one
  if (!first[0]) { va_list a; va_start(a, f); vsnprintf(first, sizeof first, f, a); va_end(a); }
  ++*count;
}

// ---- sockets ---------------------------------------------------------------------------------------
static void bury(Conn *c) {             // freed at the end of the turn: epoll may still name it
  close(c->fd); c->fd = -1; if (c->client) c->client->conn = NULL; c->client = NULL;
  if (ngrave < (int)(sizeof graveyard / sizeof *graveyard)) graveyard[ngrave++] = c;
}
static void sweep(void) { while (ngrave) { Conn *c = graveyard[--ngrave]; free(c->in); free(c->out); free(c); } }
static void put(Conn *c, const u8 *p, u32 len) {
  if (c->outlen == 0) {
    ssize_t k = send(c->fd, p, len, MSG_NOSIGNAL); if (k > 0) { p += k; len -= k; }
  }
  if (!len) return;
  if (c->outlen + len > c->outcap) { c->outcap = (c->outlen + len) * 2; c->out = realloc(c->out, c->outcap); if (!c->out) die("no memory"); }
  memcpy(c->out + c->outlen, p, len); c->outlen += len;
  if (!c->armed) { c->armed = 1; struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); }
}
static void away(Client *k, u64 ms) {
  k->state = C_AWAY; k->due = now_ms() + ms;
  if (k->kept) return;
  for (int i = 0; i < WINDOW; i++) if (k->slot[i].state) { k->slot[i].state = S_FREE; n.unknown++; }  // nobody knows what became of them
  k->nmore = 0; k->subscribed = 0;
}
static void dial(Client *k) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1; if (fd < 0) die("socket: %s", strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef IP_BIND_ADDRESS_NO_PORT
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + k->id % SOURCES)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(o.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (void *)&from, sizeof from)) die("bind: %s", strerror(errno));
  if (connect(fd, (void *)&to, sizeof to) && errno != EINPROGRESS) { close(fd); away(k, 500); return; }
  Conn *c = calloc(1, sizeof *c); if (!c) die("no memory");
  c->fd = fd; c->client = k; c->armed = 1; k->conn = c; k->state = C_TCP; k->due = 0;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

// ---- packets ---------------------------------------------------------------------------------------
static u8 *len4(u8 *p, u32 v) { do { u8 b = v & 127; v >>= 7; *p++ = b | (v ? 128 : 0); } while (v); return p; }
static u8 *str(u8 *p, const char *s) { size_t k = strlen(s); *p++ = k >> 8; *p++ = k; memcpy(p, s, k); return p + k; }
static void frame(Conn *c, u8 type, const u8 *body, u32 len) {
  u8 all[512], *p = all; *p++ = type; p = len4(p, len); memcpy(p, body, len); put(c, all, p - all + len);
}
static void ack(Client *k, u8 type, u16 id) { u8 b[2] = {id >> 8, id}; frame(k->conn, type, b, 2); }
static void send_connect(Client *k) {
  u8 b[64], *p = str(b, "MQTT"); char id[24]; snprintf(id, sizeof id, "soak-%u", k->id);
  *p++ = k->v5 ? 5 : 4; *p++ = k->kept ? 0 : 2; *p++ = 600 >> 8; *p++ = 600 & 255;
  if (k->v5) { if (k->kept) { *p++ = 5; *p++ = 0x11; *p++ = 0; *p++ = 0; *p++ = 14; *p++ = 16; } else *p++ = 0; }
  p = str(p, id); frame(k->conn, 0x10, b, p - b); k->state = C_CONNACK;
}
static void send_subscribe(Client *k) {
  u8 b[64], *p = b; char t[24]; snprintf(t, sizeof t, "soak/%u", k->id);
  *p++ = 0xFF; *p++ = 0xFF; if (k->v5) *p++ = 0;
  p = str(p, t); *p++ = 2; frame(k->conn, 0x82, b, p - b); k->state = C_SUBACK;
}
static void send_publish(Client *k, int i, int dup) {
  Slot *s = &k->slot[i]; u8 b[400], *p = b; char t[24]; snprintf(t, sizeof t, "soak/%u", k->stream[s->stream].target);
  p = str(p, t); *p++ = 0; *p++ = i + 1; if (k->v5) *p++ = 0;
  u32 w[3] = {k->id, s->stream, s->seq}; memset(p, 'x', o.size); memcpy(p, w, sizeof w); p += o.size;
  frame(k->conn, 0x30 | (s->stream + 1) << 1 | (dup ? 8 : 0), b, p - b);
}
static int publish(Client *k) {
  for (int i = 0; i < WINDOW; i++) if (!k->slot[i].state) {
    int which = below(2); Stream *s = &k->stream[which];
    if (s->sent == s->room) {
      u32 room = s->room ? s->room * 2 : 16; s->fate = realloc(s->fate, room); if (!s->fate) die("no memory");
      memset(s->fate + s->room, 0, room - s->room); s->room = room;
    }
    k->slot[i] = (Slot){which ? S_PUBREC : S_PUBACK, which, s->sent++, ++order};
    send_publish(k, i, 0); n.published++; return 1;
  }
  return 0;
}
static void resume(Client *k) {         // what was under way, in the order in which it was sent [MQTT-4.4.0-1] [MQTT-4.6.0-1]
  for (u64 after = 0;;) {
    int best = -1;
    for (int i = 0; i < WINDOW; i++)
      if (k->slot[i].state && k->slot[i].order > after && (best < 0 || k->slot[i].order < k->slot[best].order)) best = i;
    if (best < 0) return;
    after = k->slot[best].order;
    if (k->slot[best].state == S_PUBCOMP) ack(k, 0x62, best + 1); else send_publish(k, best, 1);
  }
}
static void ready(Client *k) {
  k->state = C_READY;
  u64 mean = k->killed ? 10000 : 60000;
  k->due = now_ms() + 500 + below(2 * mean);
}

// ---- what the server says ----------------------------------------------------------------------------
static int remember(Client *k, u16 id) { // 1: this QoS 2 message is new
  for (int i = 0; i < k->nmore; i++) if (k->more[i] == id) return 0;
  if (k->nmore == k->cmore) { k->cmore = k->cmore ? k->cmore * 2 : 8; k->more = realloc(k->more, k->cmore * sizeof *k->more); if (!k->more) die("no memory"); }
  k->more[k->nmore++] = id; return 1;
}
static void forget(Client *k, u16 id) {
  for (int i = 0; i < k->nmore; i++) if (k->more[i] == id) { k->more[i] = k->more[--k->nmore]; return; }
}
static void got_publish(Client *k, u8 flags, const u8 *p, u32 len) {
  u32 topic = p[0] << 8 | p[1], at = 2 + topic; int qos = flags >> 1 & 3; u16 id = 0;
  if (qos) { id = p[at] << 8 | p[at + 1]; at += 2; }
  if (k->v5) at += p[at] + 1;
  if (len < at + 12) { note(&n.refused, "a message of %u bytes", len); return; }
  u32 w[3]; memcpy(w, p + at, sizeof w);
  int fresh = qos < 2 || remember(k, id);
  if (qos == 1) ack(k, 0x40, id); else if (qos == 2) ack(k, 0x50, id);
  if (!fresh) return;
  if (w[0] >= (u32)o.clients || w[1] > 1) { note(&n.refused, "a message of nobody"); return; }
  Stream *s = &clients[w[0]].stream[w[1]];
  if (w[2] >= s->sent || s->target != k->id || qos != (int)w[1] + 1) { note(&n.refused, "client %u got a message that was not for it", k->id); return; }
  n.received++;
  if (s->fate[w[2]] & SEEN) {
    if (qos == 2) note(&n.repeated, "QoS 2 message %u of client %u came twice to client %u%s", w[2], w[0], k->id, flags & 8 ? " (DUP)" : "");
    else n.again++;
    return;
  }
  if (s->any && w[2] < s->last) note(&n.reordered, "QoS %d message %u of client %u came to client %u after %u", qos, w[2], w[0], k->id, s->last);
  s->fate[w[2]] |= SEEN; s->last = w[2]; s->any = 1;
}
static void got_ack(Client *k, int type, u16 id, u8 code) {
  if (type == 6) { forget(k, id); ack(k, 0x70, id); return; }
  if (id < 1 || id > WINDOW) { note(&n.refused, "an acknowledgement of %u", id); return; }
  Slot *s = &k->slot[id - 1];
  if (code >= 0x80) note(&n.refused, "acknowledgement 0x%02X of a message at QoS %d", code, s->stream + 1);
  if (type == 5) {
    if (s->state == S_PUBREC) s->state = S_PUBCOMP;
    if (s->state == S_PUBCOMP) ack(k, 0x62, id);
    return;
  }
  if (s->state != (type == 4 ? S_PUBACK : S_PUBCOMP)) return;
  k->stream[s->stream].fate[s->seq] |= ACKED; n.acked++; s->state = S_FREE;
}
static void got(Client *k, u8 head, const u8 *p, u32 len) {
  int type = head >> 4;
  switch (type) {
  case 2: {
    if (p[1]) { note(&n.refused, "CONNACK 0x%02X", p[1]); return; }
    n.connects++;
    int present = p[0] & 1;
    if (k->kept && k->known && !present) note(&n.forgotten, "client %u came back and its session was gone", k->id);
    if (!present) { k->nmore = 0; k->subscribed = 0; }
    k->known = 1; resume(k);
    if (k->subscribed) ready(k); else send_subscribe(k);
    return;
  }
  case 3: got_publish(k, head & 15, p, len); return;
  case 4: case 5: case 6: case 7: got_ack(k, type, p[0] << 8 | p[1], k->v5 && len > 2 ? p[2] : 0); return;
  case 9: if (p[len - 1] >= 0x80) note(&n.refused, "SUBACK 0x%02X", p[len - 1]); k->subscribed = 1; ready(k); return;
  case 14: note(&n.refused, "DISCONNECT 0x%02X of client %u", len ? p[0] : 0, k->id); return;
  default: note(&n.refused, "a packet of type %d", type);
  }
}
static void readable(Conn *c) {
  for (;;) {
    ssize_t k = recv(c->fd, buffer, sizeof buffer, 0);
    if (k < 0 && errno == EAGAIN) return;
    if (k <= 0) {
      Client *client = c->client; bury(c);
      if (client) { note(&n.refused, "the server has ended the connection of client %u", client->id); away(client, 500); }
      return;
    }
    if (!c->client) continue;           // taken over by a newer connection: what comes is for that one
    if (c->inlen + k > c->incap) { c->incap = c->inlen + k + 256; c->in = realloc(c->in, c->incap); if (!c->in) die("no memory"); }
    memcpy(c->in + c->inlen, buffer, k); c->inlen += k;
    u32 at = 0;
    while (c->client && c->inlen - at >= 2) {
      u32 len = 0, used = at + 1; int shift = 0, whole = 0;
      while (used < c->inlen && shift < 28) { u8 b = c->in[used++]; len |= (b & 127u) << shift; shift += 7; if (b < 128) { whole = 1; break; } }
      if (!whole || c->inlen - used < len) break;
      got(c->client, c->in[at], c->in + used, len); at = used + len;
    }
    memmove(c->in, c->in + at, c->inlen - at); c->inlen -= at;
    if (!c->inlen) { free(c->in); c->in = NULL; c->incap = 0; }
  }
}
static void writable(Conn *c) {
  if (c->client && c->client->state == C_TCP) {
    int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
    if (e) { Client *k = c->client; bury(c); away(k, 500); return; }
    send_connect(c->client);
  }
  if (c->outlen) {
    ssize_t k = send(c->fd, c->out, c->outlen, MSG_NOSIGNAL);
    if (k > 0) { memmove(c->out, c->out + k, c->outlen - k); c->outlen -= k; }
  }
  if (!c->outlen && c->armed) { c->armed = 0; struct epoll_event e = {.events = EPOLLIN, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); }
}

// ---- coming and going ----------------------------------------------------------------------------------
static void reset(Conn *c) { struct linger l = {1, 0}; setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l); bury(c); }
static void leave(Client *k) {
  if (k->killed) { n.kills++; reset(k->conn); away(k, 50 + below(3000)); return; }
  if (below(10) == 0) {                 // a newer connection takes the client id over, and this one is never heard again
    n.takeovers++; k->conn->client = NULL; k->conn = NULL; away(k, 0); dial(k); return;
  }
  n.leaves++; frame(k->conn, 0xE0, (u8 *)"", 0);
  if (k->conn) bury(k->conn);
  away(k, 50 + below(3000));
}
static void turn(int ms) {
  static struct epoll_event e[512];
  int count = epoll_wait(ep, e, 512, ms);
  for (int i = 0; i < count; i++) {
    Conn *c = e[i].data.ptr;
    if (c->fd >= 0 && e[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(c);
    if (c->fd >= 0 && e[i].events & EPOLLOUT) writable(c);
  }
  sweep();
}
static int connecting(void) { int k = 0; for (int i = 0; i < o.clients; i++) k += clients[i].state == C_TCP || clients[i].state == C_CONNACK; return k; }
static void come_and_go(void) {
  u64 t = now_ms(); int busy = connecting();
  for (int i = 0; i < o.clients; i++) {
    Client *k = &clients[i];
    if (k->state == C_AWAY && t >= k->due && busy < 512) { dial(k); busy++; }
    else if (k->state == C_READY && t >= k->due && !stopping) leave(k);
  }
}
static int all_ready(void) { for (int i = 0; i < o.clients; i++) if (clients[i].state != C_READY) return 0; return 1; }
static int settled(void) {
  if (!all_ready()) return 0;
  for (int i = 0; i < o.clients; i++) {
    for (int j = 0; j < WINDOW; j++) if (clients[i].slot[j].state) return 0;
    for (int q = 0; q < 2; q++) {
      Stream *s = &clients[i].stream[q]; if (!clients[s->target].kept) continue;
      for (u32 m = s->sent; m-- > 0;) { if (s->fate[m] & SEEN) break; if (s->fate[m] & ACKED) return 0; }
    }
  }
  return 1;
}
static void reckon(void) {
  for (int i = 0; i < o.clients; i++) for (int q = 0; q < 2; q++) {
    Stream *s = &clients[i].stream[q]; if (!clients[s->target].kept) continue;
    for (u32 m = 0; m < s->sent; m++) if ((s->fate[m] & (ACKED | SEEN)) == ACKED)
      note(&n.lost, "QoS %d message %u of client %u to client %u", q + 1, m, i, s->target);
  }
}
int main(int argc, char **argv) {
  static struct option names[] = {{"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"seconds", 1, 0, 's'}, {"rate", 1, 0, 'r'},
    {"seed", 1, 0, 'd'}, {"size", 1, 0, 'z'}, {0}};
  for (int c; (c = getopt_long(argc, argv, "", names, 0)) != -1;) switch (c) {
    case 'p': o.port = atoi(optarg); break; case 'c': o.clients = atoi(optarg); break; case 's': o.seconds = atoi(optarg); break;
    case 'r': o.rate = atof(optarg); break; case 'd': o.seed = strtoull(optarg, 0, 10); break; case 'z': o.size = atoi(optarg); break;
    default: die("usage: soak --port N [--connections N] [--seconds N] [--rate MESSAGES_PER_SECOND] [--seed N] [--size BYTES]");
  }
  if (o.clients < 20 || o.size < 12 || o.size > 300) die("at least 20 clients; 12 to 300 bytes");
  signal(SIGPIPE, SIG_IGN); rng = o.seed;
  struct rlimit l; getrlimit(RLIMIT_NOFILE, &l); l.rlim_cur = l.rlim_max; setrlimit(RLIMIT_NOFILE, &l);
  ep = epoll_create1(0); clients = calloc(o.clients, sizeof *clients); if (!clients) die("no memory");
  for (int i = 0; i < o.clients; i++) {
    Client *k = &clients[i]; k->id = i; k->kept = i & 1; k->v5 = i >> 1 & 1; k->killed = below(10) == 0;
    for (int q = 0; q < 2; q++) k->stream[q].target = below(o.clients);
  }
  u64 begun = now_ms();
  while (!all_ready()) { come_and_go(); turn(TICK_MS); if (now_ms() > begun + 120000) die("not all clients could connect: %s", first); }
  t0 = now_ms(); stopping = 0; fprintf(stderr, "ready\n");
  double due = 0; u64 last = t0;
  for (u64 t; (t = now_ms()) < t0 + o.seconds * 1000ull; last = t) {
    if (t - last >= TICK_MS || last == t0) come_and_go();
    for (due += o.rate * (t - last) / 1000; due >= 1; due--) {
      for (int tries = 0; tries < 8; tries++) { Client *k = &clients[below(o.clients)]; if (k->state == C_READY && k->conn && publish(k)) break; }
    }
    turn(TICK_MS);
  }
  stopping = 1; fprintf(stderr, "settling\n");
  u64 t1 = now_ms();
  while (!settled() && now_ms() < t1 + 60000) { come_and_go(); for (int i = 0; i < 10; i++) turn(TICK_MS); }
  int is_settled = settled();
  for (int i = 0; i < 25; i++) turn(TICK_MS);   // what should not come may still come
  reckon();
  u64 bad = n.lost + n.reordered + n.repeated + n.forgotten + n.refused + !is_settled;
  printf("{\"ok\":%s,\"connections\":%d,\"seconds\":%d,\"published\":%lu,\"acked\":%lu,\"received\":%lu,\"again\":%lu,\"unknown\":%lu,"
    "\"connects\":%lu,\"leaves\":%lu,\"kills\":%lu,\"takeovers\":%lu,\"lost\":%lu,\"reordered\":%lu,\"repeated\":%lu,\"forgotten\":%lu,"
    "\"refused\":%lu,\"settled\":%s,\"first\":\"%s\"}\n", bad ? "false" : "true", o.clients, o.seconds, n.published, n.acked, n.received,
    n.again, n.unknown, n.connects, n.leaves, n.kills, n.takeovers, n.lost, n.reordered, n.repeated, n.forgotten, n.refused,
    is_settled ? "true" : "false", first);
  return bad ? 1 : 0;
}
