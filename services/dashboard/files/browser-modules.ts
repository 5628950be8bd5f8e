/** Our TypeScript and modules of packages, as a browser loads them: without types, and with paths in place of names of packages. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

type Scripts = ReadonlyMap<string, string>;

/** Returns the code of each file without its types. */
export async function stripTypes(files: readonly string[]): Promise<Scripts> {
  const worker = new Worker(new URL('./strip-types.js', import.meta.url), {
    workerData: files,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [scripts] = (await once(worker, 'message')) as [Scripts];
  await worker.terminate();
  return scripts;
}

const imported = /(\b(?:from|import)[ (]{0,2})(["'])([@\w./-]{1,100})\2/g;

/** `packages` has the path of each package by the name that modules import it by. */
export const withPaths = (code: string, packages: Scripts): string =>
  code
    .replace(/\/\/# sourceMappingURL=.*$/m, '')
    .replace(imported, (all, verb: string, quote: string, name: string) => {
      const path = packages.get(name);
      return path === undefined ? all : `${verb}${quote}${path}${quote}`;
    });
