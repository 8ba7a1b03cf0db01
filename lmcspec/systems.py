"""Where lmcspec doesn't run, for the command and the package to say before anything else is imported."""

WINDOWS = "lmcspec runs on Linux and macOS. On Windows, use it in WSL: type `wsl --install`, and install it there"
