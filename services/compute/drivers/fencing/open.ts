import type { Config } from '../../config.ts';
import { type Fencing, noFencing, storageFencing } from './fencing.ts';
import { ipmiFencing } from './ipmi.ts';

export function openFencing({ fencing, ipmiHosts, ipmiUser, ipmiPasswordFile }: Config): Fencing {
  if (fencing === 'ipmi') return ipmiFencing({ hosts: ipmiHosts, user: ipmiUser, passwordFile: ipmiPasswordFile });
  return fencing === 'storage' ? storageFencing : noFencing;
}
