import { since, type Version, view } from '#shared/api/versions.ts';
import { linksOf } from '../dialect.ts';
import type { Flavor } from './store.ts';

interface SeenFlavor {
  readonly flavor: Flavor;
  /** Extra specs are shown to who may see them. */
  readonly specs: boolean;
  readonly base: string;
}

export const flavorView: (seen: SeenFlavor, version: Version) => Record<string, unknown> = view<SeenFlavor>(
  since('2.1', ({ flavor, base }) => ({
    id: flavor.id,
    name: flavor.name,
    ram: flavor.ramMb,
    disk: flavor.diskGb,
    swap: flavor.swapMb || '',
    'OS-FLV-EXT-DATA:ephemeral': flavor.ephemeralGb,
    'OS-FLV-DISABLED:disabled': flavor.disabled,
    vcpus: flavor.vcpus,
    'os-flavor-access:is_public': flavor.isPublic,
    rxtx_factor: flavor.rxtxFactor,
    links: linksOf(base, 'flavors', flavor.id),
  })),
  since('2.55', ({ flavor }) => ({ description: flavor.description })),
  since('2.61', ({ flavor, specs }) => (specs ? { extra_specs: flavor.extraSpecs } : {})),
  since('2.75', ({ flavor }) => ({ swap: flavor.swapMb })),
);

export const briefFlavorView: (seen: SeenFlavor, version: Version) => Record<string, unknown> = view<SeenFlavor>(
  since('2.1', ({ flavor, base }) => ({
    id: flavor.id,
    name: flavor.name,
    links: linksOf(base, 'flavors', flavor.id),
  })),
  since('2.55', ({ flavor }) => ({ description: flavor.description })),
);
