/*
 * Floating-point benchmarks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "bench.h"

#include <math.h>
#include <string.h>

static uint64_t bits_of(double x)
{
    uint64_t u;

    memcpy(&u, &x, sizeof(u));
    return u;
}

uint64_t bench_mandel(unsigned scale)
{
    uint64_t sum = 0;

    for (unsigned row = 0; row < scale * 8; row++) {
        for (int col = 0; col < 120; col++) {
            double cr = col / 60.0 - 1.5, ci = (row % 120) / 60.0 - 1.0;
            double zr = 0, zi = 0;
            int n = 0;

            while (n < 200 && zr * zr + zi * zi < 4.0) {
                double t = zr * zr - zi * zi + cr;

                zi = 2.0 * zr * zi + ci;
                zr = t;
                n++;
            }
            sum = sum * 31 + (uint64_t)n;
        }
    }
    return sum;
}

typedef struct Body {
    double x[3], v[3], mass;
} Body;

uint64_t bench_nbody(unsigned scale)
{
    enum { BODIES = 5 };
    Body body[BODIES];
    double energy = 0;

    for (int i = 0; i < BODIES; i++) {
        body[i].mass = i ? 0.001 * i : 39.0;
        for (int k = 0; k < 3; k++) {
            body[i].x[k] = i * (k + 1) * 1.25 - k;
            body[i].v[k] = i ? 0.5 * (k - 1) + 0.1 * i : 0;
        }
    }
    for (unsigned step = 0; step < scale * 1000; step++) {
        for (int i = 0; i < BODIES; i++) {
            for (int j = i + 1; j < BODIES; j++) {
                double d[3], d2 = 0;

                for (int k = 0; k < 3; k++) {
                    d[k] = body[i].x[k] - body[j].x[k];
                    d2 += d[k] * d[k];
                }
                double mag = 0.001 / (d2 * sqrt(d2) + 0.01);

                for (int k = 0; k < 3; k++) {
                    body[i].v[k] -= d[k] * body[j].mass * mag;
                    body[j].v[k] += d[k] * body[i].mass * mag;
                }
            }
        }
        for (int i = 0; i < BODIES; i++) {
            for (int k = 0; k < 3; k++) {
                body[i].x[k] += 0.001 * body[i].v[k];
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            energy += body[i].mass * body[i].v[k] * body[i].v[k];
        }
    }
    return bits_of(energy);
}

uint64_t bench_matmul(unsigned scale)
{
    enum { N = 96 };
    static float a[N][N], b[N][N], c[N][N];
    double sum = 0;

    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (float)(i + j) / N;
            b[i][j] = (float)(i - j) / N;
        }
    }
    for (unsigned turn = 0; turn < scale; turn++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                c[i][j] *= 0.5f;
            }
            for (int k = 0; k < N; k++) {
                for (int j = 0; j < N; j++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            sum += c[i][j];
        }
    }
    return bits_of(sum);
}
