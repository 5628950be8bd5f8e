export interface Package {
  readonly name: string;
  readonly has: string;
  readonly why: string;
  readonly unit?: string;
}
export const toStart: readonly Package[];
export const toBuildGuestImage: readonly Package[];
export const toSplit: readonly Package[];
export const toTest: readonly Package[];
export const searchPath: readonly string[];
export function packagesFor(parts: readonly string[], isManagement: boolean): Package[];
export function missingOf(wanted: readonly Package[]): Package[];
