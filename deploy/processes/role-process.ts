import { join } from 'node:path';
import { root } from '../setup/paths.js';

/**
 * How a role is started as a process of its own. The C library otherwise keeps an arena of memory per thread, and what
 * password hashes took: 80 MB more for the whole cloud. Young objects in 3 x 4 MB instead of 3 x 16: 10 MB more.
 * Flushes to disk wait side by side: of four threads the replicas of one object would take all.
 */
export const processOf = (role: string) => ({
  words: [
    process.execPath,
    '--max-semi-space-size=4',
    join(root, 'deploy/main.js'),
    'start',
    '--foreground',
    ...(role === 'supervisor' ? [] : ['--role', role.replaceAll('+', ',')]),
  ],
  environment: { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: String(1024 * 1024), UV_THREADPOOL_SIZE: '16' },
});
