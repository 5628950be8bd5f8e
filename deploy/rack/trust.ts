import { existsSync, readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { tlsFile } from './certificates.ts';

/** From now on this process accepts servers with a certificate of the cloud. Those of public authorities stay accepted where a service connects to the world. */
export function trustCloud(path: string, options: { readonly onlyCloud: boolean }): void {
  const file = tlsFile(path, 'ca.crt');
  if (!existsSync(file)) return;
  const others = options.onlyCloud ? [] : getCACertificates('default'); // 5 MB of memory, which an agent saves
  setDefaultCACertificates([...others, readFileSync(file, 'utf8')]);
}
