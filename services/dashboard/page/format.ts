import { language, say } from './words.ts';

const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

export const formatRam = (mb: number): string => (mb < 1024 ? `${mb} MB` : `${number.format(mb / 1024)} GB`);
export const formatDisk = (gb: number): string => `${number.format(gb)} GB`;

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${number.format(bytes / 1024 ** power)} ${units[power]}`;
}

/** Of a time of the APIs, which may lack its zone: UTC. */
export const formatDay = (time: string): string =>
  new Date(/[Z+]/.test(time) ? time : `${time}Z`).toLocaleDateString(language, { dateStyle: 'medium' });

export const sizeText = (size: { readonly cores: number; readonly ram_mb: number; readonly disk_gb: number }): string =>
  say(size.cores === 1 ? 'machine.size.one' : 'machine.size', {
    cores: size.cores,
    ram: formatRam(size.ram_mb),
    disk: formatDisk(size.disk_gb),
  });
