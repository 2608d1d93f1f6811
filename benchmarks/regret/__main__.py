"""`python -m benchmarks.regret`; next to nothing is imported here, as workers that are spawned import it too."""

if __name__ == "__main__":
    from benchmarks.regret.command import main

    main()
