import { language } from './words.ts';

const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

export const formatRam = (mb: number): string => (mb < 1024 ? `${mb} MB` : `${number.format(mb / 1024)} GB`);
export const formatDisk = (gb: number): string => `${number.format(gb)} GB`;
