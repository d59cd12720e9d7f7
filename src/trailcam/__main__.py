"""`python -m trailcam` is `trailcam`."""

from trailcam.cli import main

if __name__ == "__main__":
    main()
