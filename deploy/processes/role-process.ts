import { join } from 'node:path';
import { root } from '../setup/paths.js';

/**
 * The command line and environment of a role's process. One malloc arena, and mmap for large blocks such as those of
 * password hashes, save 80 MB for a whole cloud; a young generation of 3 x 4 MB instead of 3 x 16 saves 10 MB. 16
 * threads: fsyncs block one each, and the replicas of one object would block all of the default four.
 */
export const roleCommand = (role: string) => ({
  argv: [
    process.execPath,
    '--max-semi-space-size=4',
    join(root, 'deploy/main.js'),
    'start',
    '--foreground',
    ...(role === 'supervisor' ? [] : ['--role', role.replaceAll('+', ',')]),
  ],
  environment: { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: String(1024 * 1024), UV_THREADPOOL_SIZE: '16' },
});
