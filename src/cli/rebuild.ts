import { Command } from 'commander';
export const rebuildCommand = (): Command => new Command('rebuild');
