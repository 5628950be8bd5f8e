export const importMethods = ['glance-direct', 'web-download', 'copy-image'];
